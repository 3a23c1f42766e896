/** How much may be written to a file system. */
import { statfsSync } from 'node:fs';

/** Kept free for everything else that runs meanwhile. */
export const RESERVE_BYTES = 16 * 1024 * 1024;

/** Bytes that may be written where `path` is, without the reserve. */
export function roomBytes(path: string): number {
  const disk = statfsSync(path);
  return Math.max(0, disk.bavail * disk.bsize - RESERVE_BYTES);
}
