/** Reading so many bytes of an open file, whatever the kernel gives at a time. */
import { read as readCallback, readSync } from 'node:fs';
import { promisify } from 'node:util';

const readAsync = promisify(readCallback);

/** Up to here one synchronous read costs less than a trip through the thread pool; above, a slow disk would be felt. */
const SYNC_BYTES = 32 * 1024;

/** Fills `buffer` from `position` on, and returns how many bytes there were: fewer only at the end of the file. */
export async function readFully(fd: number, buffer: Buffer, position: number): Promise<number> {
  if (buffer.length <= SYNC_BYTES) return readFullySync(fd, buffer, position);
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await readAsync(fd, buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** As `readFully`, for what is small or has to be read at once. */
export function readFullySync(fd: number, buffer: Uint8Array, position: number): number {
  let done = 0;
  while (done < buffer.length) {
    const bytesRead = readSync(fd, buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
