/** Runs on its own thread: codes one bundle out of a repository's blobs into a file. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { asRippleError, type ErrorCode, RippleError } from '../api/errors.ts';
import type { Sha256 } from '../core/ports.ts';
import { encodeBundle } from '../delta/bundle/index.ts';

export interface BundleJob {
  readonly blobs: string;
  /** Manifests. */
  readonly from: Sha256;
  readonly to: Sha256;
  /** A new file. */
  readonly out: string;
  /** A larger one is given up. */
  readonly maxBytes: number;
}

export type BundleReply =
  | { readonly kind: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  /** On disk; `undefined`: it became too large and is gone. */
  | { readonly kind: 'done'; readonly bytes: number | undefined }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

const REPORT_MS = 100;

function makeBundle(job: BundleJob, reply: (message: BundleReply) => void): number | undefined {
  const read = (sha256: Sha256): Buffer => {
    const bytes = readFileSync(join(job.blobs, sha256));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new RippleError('IoError', `blob ${sha256} of the repository is damaged; put it back and try again`);
    return bytes;
  };
  let toldMs = 0;
  const onProgress = (doneBytes: number, totalBytes: number): void => {
    if (performance.now() - toldMs < REPORT_MS) return;
    toldMs = performance.now();
    reply({ kind: 'progress', doneBytes, totalBytes });
  };
  const fd = openSync(job.out, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  let bytes = 0;
  let done = false;
  try {
    const manifests = { manifestA: read(job.from), manifestB: read(job.to) };
    for (const part of encodeBundle({ ...manifests, readA: read, readB: read, onProgress })) {
      bytes += part.length;
      if (bytes > job.maxBytes) return undefined;
      for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    }
    fsyncSync(fd);
    done = true;
    return bytes;
  } finally {
    closeSync(fd);
    if (!done) rmSync(job.out, { force: true });
  }
}

const port = parentPort;
if (port) {
  const reply = (message: BundleReply): void => port.postMessage(message);
  try {
    reply({ kind: 'done', bytes: makeBundle(workerData, reply) });
  } catch (error) {
    const { code, message } = asRippleError(error);
    reply({ kind: 'failed', code, message });
  }
}
