/** One blob from a source, checked on its way: bounded by its length, hashed as it is written. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { HashMismatchError } from '../api/errors.ts';
import type { BlobRef, Source } from '../core/ports.ts';
import { writeAll } from '../store/whole-file.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Writes the new file `path`; nothing stays there unless it is right. @throws HashMismatchError, as a `Source` does */
export async function copyBlob(source: Source, ref: BlobRef, path: string, signal: AbortSignal): Promise<void> {
  rmSync(path, { force: true });
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  let isWhole = false;
  try {
    for await (const chunk of checked(source, ref, signal)) writeAll(fd, chunk);
    isWhole = true;
  } finally {
    closeSync(fd);
    if (!isWhole) rmSync(path, { force: true });
  }
}

/** As `copyBlob`, into memory. */
export async function readBlob(source: Source, ref: BlobRef, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checked(source, ref, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* checked(source: Source, ref: BlobRef, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let length = 0;
  // No bytes at all are nobody's to give.
  if (ref.sizeBytes > 0)
    for await (const chunk of source.readBlob(ref, 0, signal)) {
      length += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  const actual = hash.digest('hex');
  if (actual !== ref.sha256 || length !== ref.sizeBytes)
    throw new HashMismatchError(`${source.id}: blob of ${length} bytes`, ref.sha256, actual);
}
