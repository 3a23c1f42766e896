/** Content that no compression and no deduplication makes smaller. */
import { randomFillSync } from 'node:crypto';

export function randomBytesOf(sizeBytes: number): Buffer {
  return randomFillSync(Buffer.allocUnsafe(sizeBytes));
}
