/** The kinds of `ServedContent` there are: an open file, and bytes in memory. */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import type { ServedContent } from './content.ts';
import type { OpenedFile, OpenRoot } from './open-beneath.ts';
import { readFully, readFullySync } from './read-fully.ts';

/** Far above any document; what is larger is not one. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Content-addressed bytes in a file; `tag` is the name without quotes. */
export function servedFile(file: OpenedFile, tag: string): ServedContent {
  return {
    sizeBytes: Number(file.stat.size),
    etag: `"${tag}"`,
    immutable: true,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      if ((await readFully(file.fd, buffer, position)) < length)
        throw new RippleError('IoError', `${tag}: the file became shorter while it was sent`);
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
    if (readFullySync(file.fd, buffer, 0) < buffer.length) return undefined;
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
