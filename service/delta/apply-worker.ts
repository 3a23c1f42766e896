/**
 * Runs on its own thread: makes new files out of old ones and diffs. It is given open descriptors and knows no paths, so
 * that whoever ends it in the middle of a file knows what is left on the disk.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { asRippleError, type ErrorCode } from '../api/errors.ts';
import type { Sha256 } from '../core/ports.ts';
import { buffersSpent, freeSpentBuffers } from '../sys/spent-buffers.ts';
import { formatOf } from './formats.ts';
import { type OpenFile, sourceOf } from './open-file.ts';

export interface ApplyJob {
  readonly old: OpenFile;
  readonly diff: OpenFile;
  /** Written from where it stands. */
  readonly targetFd: number;
  readonly maxNewBytes: number;
}

export type ApplyReply =
  | { readonly kind: 'bytes'; readonly doneBytes: number }
  | { readonly kind: 'done'; readonly sha256: Sha256; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

const REPORT_BYTES = 4 << 20;
/** Models of one file, by its size: of a small one they stay small. */
const MODELS_PER_BYTE = 24;
const MOST_MODELS_BYTES = 8 << 20;

/** For the file before: about as much as it and its diff are, and models. */
let heldBytes = 0;

function apply(job: ApplyJob, reply: (message: ApplyReply) => void): void {
  buffersSpent(heldBytes);
  const { sizeBytes } = job.old;
  heldBytes = sizeBytes + job.diff.sizeBytes + Math.min(MODELS_PER_BYTE * sizeBytes, MOST_MODELS_BYTES);
  const diff = sourceOf(job.diff);
  const hash = createHash('sha256');
  let doneBytes = 0;
  let reported = 0;
  const sink = (bytes: Uint8Array): void => {
    hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(job.targetFd, bytes, done);
    doneBytes += bytes.length;
    if (doneBytes - reported < REPORT_BYTES) return;
    reply({ kind: 'bytes', doneBytes });
    reported = doneBytes;
  };
  formatOf(diff).decode(sourceOf(job.old), diff, sink, { maxNewBytes: job.maxNewBytes });
  reply({ kind: 'done', sha256: hash.digest('hex'), sizeBytes: doneBytes });
}

const port = parentPort;
if (port) freeSpentBuffers(true);
port?.on('message', (job: ApplyJob) => {
  const reply = (message: ApplyReply): void => port.postMessage(message);
  try {
    apply(job, reply);
  } catch (error) {
    const { code, message } = asRippleError(error);
    reply({ kind: 'failed', code, message });
  }
});
