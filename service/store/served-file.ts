/** The kinds of `ServedContent` there are: an open file, and bytes in memory. */
import { createHash } from 'node:crypto';
import { closeSync, read as readCallback, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { RippleError } from '../api/errors.ts';
import type { ServedContent } from './content.ts';
import type { OpenedFile, OpenRoot } from './open-beneath.ts';

const readAsync = promisify(readCallback);

/** Up to here one synchronous read costs less than a trip through the thread pool. */
const SYNC_BYTES = 64 * 1024;
/** Far above any document; what is larger is not one. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Content-addressed bytes in a file; `tag` is the name without quotes. */
export function servedFile(file: OpenedFile, tag: string): ServedContent {
  const sizeBytes = Number(file.stat.size);
  return {
    sizeBytes,
    etag: `"${tag}"`,
    immutable: true,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const count =
          length <= SYNC_BYTES
            ? readSync(file.fd, buffer, done, length - done, position + done)
            : (await readAsync(file.fd, buffer, done, length - done, position + done)).bytesRead;
        if (count === 0) throw new RippleError('IoError', `${tag}: the file became shorter while it was sent`);
        done += count;
      }
      return buffer;
    },
    close: () => closeSync(file.fd),
  };
}

/** A document: read whole, so that it cannot change half-way, and tagged by its hash, because it may be replaced. */
export function servedDocument(root: OpenRoot, relative: string): ServedContent | undefined {
  const file = root.open(relative);
  if (!file) return undefined;
  try {
    if (file.stat.size > BigInt(MAX_DOCUMENT_BYTES)) return undefined;
    const buffer = Buffer.alloc(Number(file.stat.size));
    let done = 0;
    while (done < buffer.length) {
      const count = readSync(file.fd, buffer, done, buffer.length - done, done);
      if (count === 0) return undefined;
      done += count;
    }
    return {
      sizeBytes: buffer.length,
      etag: `"${createHash('sha256').update(buffer).digest('hex')}"`,
      immutable: false,
      read: async (position, length) => buffer.subarray(position, position + length),
      close: () => {},
    };
  } finally {
    closeSync(file.fd);
  }
}
