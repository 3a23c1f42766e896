/** SHA-256 of an open file, in bounded memory and, whatever happens to the file, bounded time. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

export interface HashedFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Stops one buffer after `expectedBytes`: a file that grows as fast as it is read would never end. A file shorter than
 * the buffer is whole in it afterwards.
 */
export function hashOpenFile(
  fd: number,
  expectedBytes: number,
  buffer: Buffer,
  onBytes: (bytes: number) => void = () => {},
): HashedFile {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (;;) {
    const chunk = fill(fd, buffer, sizeBytes);
    hash.update(chunk);
    sizeBytes += chunk.length;
    onBytes(chunk.length);
    if (chunk.length < buffer.length || sizeBytes > expectedBytes) return { sha256: hash.digest('hex'), sizeBytes };
  }
}

/** As far as the file goes from `position` on; what a read gives can be less than it could. */
function fill(fd: number, buffer: Buffer, position: number): Buffer {
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(fd, buffer, length, buffer.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
