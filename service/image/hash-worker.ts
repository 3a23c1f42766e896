/**
 * Runs on its own thread: hashes files, and keeps what is new. Answers each batch of jobs with one message, and says in
 * between how far it got.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parentPort, threadId } from 'node:worker_threads';
import { asRippleError, type ErrorCode } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import { type Identity, identityOf, readError, requireUnchanged } from './unchanged.ts';

export interface HashJob {
  readonly diskPath: ByteString;
  readonly identity: Identity;
}

/** Where content goes that is new: `into/<sha256>`, unless `existing/<sha256>` has that size. */
export interface Keep {
  readonly existing: string;
  readonly into: string;
}

export interface HashBatch {
  readonly jobs: readonly HashJob[];
  readonly keep?: Keep | undefined;
}

export type HashReply =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'done'; readonly sha256: readonly string[] }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

interface HashedFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const BUFFER_BYTES = 1 << 20;
const REPORT_BYTES = 16 << 20;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** Fills the buffer as far as the file goes from `position` on; what a read gives can be less than it could. */
function fill(fd: number, position: number): Buffer {
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(fd, buffer, length, buffer.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

function hashOpenFile(fd: number, onBytes: (bytes: number) => void): HashedFile {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (;;) {
    const chunk = fill(fd, sizeBytes);
    hash.update(chunk);
    sizeBytes += chunk.length;
    onBytes(chunk.length);
    if (chunk.length < buffer.length) return { sha256: hash.digest('hex'), sizeBytes };
  }
}

function hashSource({ diskPath, identity }: HashJob, onBytes: (bytes: number) => void): HashedFile {
  try {
    const fd = openSync(Buffer.from(diskPath, 'latin1'), READ_FLAGS);
    try {
      requireUnchanged(diskPath, identity, identityOf(fstatSync(fd, { bigint: true })));
      const hashed = hashOpenFile(fd, onBytes);
      requireUnchanged(diskPath, identity, identityOf(fstatSync(fd, { bigint: true })));
      return hashed;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw readError(diskPath, error);
  }
}

function hashJob(job: HashJob, keep: Keep | undefined, onBytes: (bytes: number) => void): string {
  const { sha256, sizeBytes } = hashSource(job, onBytes);
  if (keep && !isKept(keep, sha256, sizeBytes)) {
    // The buffer still holds the whole of a small file, and exactly the bytes that were hashed.
    if (sizeBytes < buffer.length) keepBytes(join(keep.into, sha256), buffer.subarray(0, sizeBytes));
    else keepCopy(job, keep, sha256);
  }
  return sha256;
}

function isKept(keep: Keep, sha256: string, sizeBytes: number): boolean {
  const isThere = (folder: string): boolean =>
    statSync(join(folder, sha256), { throwIfNoEntry: false })?.size === sizeBytes;
  return isThere(keep.existing) || isThere(keep.into);
}

function keepBytes(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    // Another thread has the same content and is writing it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Copies by reflink where that works, and hashes the copy: it, and not the original, is what will be given out. */
function keepCopy({ diskPath, identity }: HashJob, keep: Keep, sha256: string): void {
  const copy = join(keep.into, `copy-${threadId}`);
  copyFileSync(Buffer.from(diskPath, 'latin1'), copy, constants.COPYFILE_FICLONE);
  chmodSync(copy, 0o644);
  const fd = openSync(copy, 'r');
  try {
    if (hashOpenFile(fd, () => {}).sha256 !== sha256) requireUnchanged(diskPath, identity, undefined);
  } finally {
    closeSync(fd);
  }
  renameSync(copy, join(keep.into, sha256));
}

function run(batch: HashBatch, reply: (message: HashReply) => void): void {
  let unreported = 0;
  const onBytes = (bytes: number): void => {
    unreported += bytes;
    if (unreported < REPORT_BYTES) return;
    reply({ kind: 'bytes', bytes: unreported });
    unreported = 0;
  };
  const sha256: string[] = [];
  for (const job of batch.jobs) {
    try {
      sha256.push(hashJob(job, batch.keep, onBytes));
    } catch (error) {
      const { code, message } = asRippleError(error);
      reply({ kind: 'failed', code, message });
      return;
    }
  }
  reply({ kind: 'bytes', bytes: unreported });
  reply({ kind: 'done', sha256 });
}

const port = parentPort;
port?.on('message', (batch: HashBatch) => run(batch, (message) => port.postMessage(message)));
