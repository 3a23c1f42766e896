/** Content on its way into a repository, put aside under its hash. */
import { chmodSync, closeSync, constants, copyFileSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { ByteString } from '../core/entry.ts';
import { type HashedFile, hashOpenFile } from './hash-open-file.ts';
import { changed } from './unchanged.ts';

/** Where content goes that is new: `into/<sha256>`, unless `existing/<sha256>` has that size. */
export interface Keep {
  readonly existing: string;
  readonly into: string;
}

export function isKept(keep: Keep, { sha256, sizeBytes }: HashedFile): boolean {
  const isThere = (folder: string): boolean =>
    statSync(join(folder, sha256), { throwIfNoEntry: false })?.size === sizeBytes;
  return isThere(keep.existing) || isThere(keep.into);
}

/** `bytes` are what was hashed. */
export function keepBytes(keep: Keep, sha256: string, bytes: Uint8Array): void {
  try {
    writeFileSync(join(keep.into, sha256), bytes, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    // Another thread has the same content and is writing it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/**
 * Copies a file by reflink where that works, and hashes the copy: it, and not the original, is what will be given out.
 * @throws RippleError `IoError` when it is not what was hashed before
 */
export function keepCopy(keep: Keep, diskPath: ByteString, { sha256, sizeBytes }: HashedFile, buffer: Buffer): void {
  const copy = join(keep.into, `copy-${threadId}`);
  copyFileSync(Buffer.from(diskPath, 'latin1'), copy, constants.COPYFILE_FICLONE);
  chmodSync(copy, 0o644);
  const fd = openSync(copy, 'r');
  try {
    if (hashOpenFile(fd, sizeBytes, buffer).sha256 !== sha256) throw changed(diskPath);
  } finally {
    closeSync(fd);
  }
  renameSync(copy, join(keep.into, sha256));
}
