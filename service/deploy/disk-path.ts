/** From the byte strings of a manifest to paths for `fs` and for libc. */
import { type BigIntStats, closeSync, fsyncSync, lstatSync, openSync } from 'node:fs';
import type { ByteString } from '../core/entry.ts';

/** A string where the bytes are plain ASCII (quicker), else a Buffer. */
export type DiskPath = string | Buffer;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "seven-bit", not a set of characters
const SEVEN_BIT = /^[\x00-\x7f]*$/;

/** Where the entry `path` (`.` or `./…`) of the tree at `root` lies. */
export function diskPath(root: string, path: ByteString): DiskPath {
  if (path === '.') return root;
  if (SEVEN_BIT.test(path)) return `${root}/${path.slice(2)}`;
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path.slice(2), 'latin1')]);
}

export function asBuffer(path: DiskPath): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : path;
}

/** A path for people: bytes that are not printable become `?`. */
export function printable(path: ByteString): string {
  return path.replace(/[^\x20-\x7e]/g, '?');
}

/** `lstat` with nanoseconds; `undefined` when there is nothing, or something else than a folder on the way there. */
export function lstatIfThere(path: DiskPath): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Forces a file, or the names in a folder, to the disk. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
