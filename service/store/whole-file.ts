/** A whole file: written to the last byte, hashed from the first. */
import { createHash, type Hash } from 'node:crypto';
import { constants, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { RippleError } from '../api/errors.ts';

const READ_BYTES = 256 * 1024;

/** Writes are synchronous: the bytes go to the page cache, not to the disk. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** Hash state over exactly `sizeBytes` bytes of a file; `undefined` if it has not that many. */
export async function hashFile(path: string, sizeBytes: number, signal?: AbortSignal): Promise<Hash | undefined> {
  const hash = createHash('sha256');
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, sizeBytes)));
    let done = 0;
    while (done < sizeBytes) {
      if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), done);
      if (bytesRead === 0) return undefined;
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
    return hash;
  } finally {
    await handle.close();
  }
}
