/** Reading, hashing and copying the bytes of one file. No symbolic link is followed, nothing existing is written to. */
import * as crypto from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { DiskPath } from './disk-path.ts';
import type { Pace } from './pace.ts';

export interface Content {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const CHUNK_BYTES = 256 * 1024;
/** The unit of holes. */
const BLOCK_BYTES = 4096;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

/** Node 20.11 has no `hash` yet. */
const sha256Of: (data: Buffer) => string =
  'hash' in crypto
    ? (data) => crypto.hash('sha256', data)
    : (data) => crypto.createHash('sha256').update(data).digest('hex');
const OF_NOTHING = sha256Of(Buffer.alloc(0));

/** One buffer for everybody: it is filled and emptied within one turn of the event loop. */
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);

/** Hashes a regular file. `onRead` may hold up the reading (rate limit). */
export async function hashFile(
  path: DiskPath,
  pace: Pace,
  onRead?: (bytes: number) => Promise<void> | undefined,
): Promise<Content> {
  const from = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = crypto.createHash('sha256');
    let sizeBytes = 0;
    for (;;) {
      const bytes = readSync(from, chunk, 0, CHUNK_BYTES, sizeBytes);
      if (bytes === 0) return { sha256: hash.digest('hex'), sizeBytes };
      hash.update(chunk.subarray(0, bytes));
      sizeBytes += bytes;
      await onRead?.(bytes);
      if (pace.due) await pace.breathe();
    }
  } finally {
    closeSync(from);
  }
}

export interface CopyOptions {
  readonly sparse: boolean;
  readonly maxBytes: number;
  readonly pace: Pace;
  /** Called when all is written, with the new file still open. */
  readonly seal?: (fd: number, content: Content) => void;
}

/**
 * Copies `from` into the new file `to` (mode 0600) and hashes what it wrote. Whole zero blocks become holes when
 * `sparse`. A file of more than `maxBytes` is not copied: the answer's size is then its size, and its hash empty.
 */
export async function copyContent(from: DiskPath, to: DiskPath, options: CopyOptions): Promise<Content> {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const { size } = fstatSync(source);
      if (size > options.maxBytes) return { sha256: '', sizeBytes: size };
      // Of what one read brings, as nearly all files are, it is quicker to ask for the hash at once.
      let atOnce = OF_NOTHING;
      let hash: crypto.Hash | undefined;
      let sizeBytes = 0;
      while (sizeBytes < size) {
        const bytes = readSync(source, chunk, 0, Math.min(CHUNK_BYTES, size - sizeBytes), sizeBytes);
        if (bytes === 0) break;
        const data = chunk.subarray(0, bytes);
        if (bytes === size) {
          atOnce = sha256Of(data);
        } else {
          hash ??= crypto.createHash('sha256');
          hash.update(data);
        }
        if (options.sparse) writeWithHoles(target, data, sizeBytes);
        else writeAll(target, data, sizeBytes);
        sizeBytes += bytes;
        if (options.pace.due) await options.pace.breathe();
      }
      if (options.sparse) ftruncateSync(target, sizeBytes);
      const content = { sha256: hash?.digest('hex') ?? atOnce, sizeBytes };
      options.seal?.(target, content);
      return content;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function writeAll(fd: number, data: Buffer, position: number): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done, data.length - done, position + done);
}

function writeWithHoles(fd: number, data: Buffer, position: number): void {
  let runStart = -1;
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = data.subarray(at, at + BLOCK_BYTES);
    const zero = block.length === BLOCK_BYTES ? block.equals(ZERO_BLOCK) : block.every((byte) => byte === 0);
    if (!zero && runStart < 0) runStart = at;
    if (zero && runStart >= 0) {
      writeAll(fd, data.subarray(runStart, at), position + runStart);
      runStart = -1;
    }
  }
  if (runStart >= 0) writeAll(fd, data.subarray(runStart), position + runStart);
}
