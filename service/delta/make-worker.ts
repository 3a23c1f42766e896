/** Runs on its own thread: makes the diff of two open files, and makes sure that it gives the new file back. */
import { parentPort } from 'node:worker_threads';
import { asRippleError, type ErrorCode, RippleError } from '../api/errors.ts';
import { memorySource, readAll } from './byte-source.ts';
import type { DiffFormat, FormatName } from './format.ts';
import { formatNamed } from './formats.ts';
import { type OpenFile, sourceOf } from './open-file.ts';

export interface MakeJob {
  readonly old: OpenFile;
  readonly target: OpenFile;
  readonly format: FormatName;
}

export type MakeReply =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'done'; readonly diff: Uint8Array }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** How much of the time is for the encoder; the rest is for looking at what it made. */
const ENCODING_SHARE = 0.9;

function make(job: MakeJob, reply: (message: MakeReply) => void): Uint8Array {
  const format = formatNamed(job.format);
  const old = readAll(sourceOf(job.old));
  const target = readAll(sourceOf(job.target));
  const diff = format.encode(old, target, (share) => reply({ kind: 'share', share: share * ENCODING_SHARE }));
  reply({ kind: 'share', share: ENCODING_SHARE });
  requireSame(format, old, target, diff);
  return diff;
}

/** A fault of an encoder must not travel: whoever gets the diff could only throw it away. */
function requireSame(format: DiffFormat, old: Uint8Array, target: Uint8Array, diff: Uint8Array): void {
  let at = 0;
  let same = true;
  const sink = (bytes: Uint8Array): void => {
    same &&= Buffer.compare(bytes, target.subarray(at, at + bytes.length)) === 0;
    at += bytes.length;
  };
  format.decode(memorySource(old), memorySource(diff), sink, { maxNewBytes: target.length });
  if (!same || at !== target.length)
    throw new RippleError(
      'Internal',
      `the ${format.name} diff does not give the new file back; report this pair of files`,
    );
}

const port = parentPort;
port?.on('message', (job: MakeJob) => {
  const reply = (message: MakeReply): void => port.postMessage(message);
  try {
    reply({ kind: 'done', diff: make(job, reply) });
  } catch (error) {
    const { code, message } = asRippleError(error);
    reply({ kind: 'failed', code, message });
  }
});
