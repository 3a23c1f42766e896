/**
 * Runs on its own thread: hashes files, and keeps what is new. Answers each batch of jobs with one message, and says in
 * between how far it got.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { asRippleError, type ErrorCode } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import { type HashedFile, hashOpenFile } from './hash-open-file.ts';
import { isKept, type Keep, keepBytes, keepCopy } from './keep.ts';
import { type Identity, identityOf, readError, requireUnchanged } from './unchanged.ts';

export interface HashJob {
  readonly diskPath: ByteString;
  readonly identity: Identity;
}

export interface HashBatch {
  readonly jobs: readonly HashJob[];
  readonly keep?: Keep | undefined;
}

export type HashReply =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'done'; readonly sha256: readonly string[] }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

const BUFFER_BYTES = 1 << 20;
const REPORT_BYTES = 16 << 20;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

function hashSource({ diskPath, identity }: HashJob, onBytes: (bytes: number) => void): HashedFile {
  try {
    const fd = openSync(Buffer.from(diskPath, 'latin1'), READ_FLAGS);
    try {
      requireUnchanged(diskPath, identity, identityOf(fstatSync(fd, { bigint: true })));
      const hashed = hashOpenFile(fd, Number(identity.size), buffer, onBytes);
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
  const hashed = hashSource(job, onBytes);
  const { sha256, sizeBytes } = hashed;
  if (keep && !isKept(keep, hashed)) {
    // The buffer still holds the whole of a small file, and exactly the bytes that were hashed.
    if (sizeBytes < buffer.length) keepBytes(keep, sha256, buffer.subarray(0, sizeBytes));
    else keepCopy(keep, job.diskPath, hashed, buffer);
  }
  return sha256;
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
