/** Runs on its own thread: codes one bundle into a file, and makes sure that it gives the new version back. */
import { closeSync, constants, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { asRippleError, type ErrorCode, RippleError } from '../api/errors.ts';
import type { Sha256 } from '../core/ports.ts';
import { BundleDecoder, encodeBundle } from '../delta/bundle/index.ts';
import { MANIFEST_LIMITS } from '../image/manifest.ts';
import { readFullySync } from '../store/read-fully.ts';
import { requireMemory } from '../sys/free-memory.ts';
import { buffersSpent, freeSpentBuffers } from '../sys/spent-buffers.ts';
import { type Side, SideReader } from './side.ts';

export interface MakeBundleJob {
  readonly from: Side;
  readonly to: Side;
  /** A new file. */
  readonly out: string;
  /** A larger one is given up. */
  readonly maxBytes: number;
  /** Behind everything else that runs, and only if there is plenty of memory. */
  readonly inBackground: boolean;
}

export type MakeBundleReply =
  | { readonly kind: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  /** On disk; `undefined`: it became too large and is gone. */
  | { readonly kind: 'done'; readonly bytes: number | undefined }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

const REPORT_MS = 100;
const STEP_BYTES = 1 << 16;
/** setpriority(2) on Linux is about one thread. */
const BACKGROUND_NICE = 15;
/** An encoder takes at most about so much memory for each byte of the larger file. */
const MEMORY_PER_BYTE = 24;
/** What was held for each byte of the files before, and is not any more when the next is read. */
const HELD_PER_BYTE = 6;

function make(job: MakeBundleJob, reply: (message: MakeBundleReply) => void): number | undefined {
  const from = new SideReader(job.from);
  const to = new SideReader(job.to);
  if (job.inBackground) {
    stepBack();
    const mostBytes = Math.max(largest(from), largest(to));
    requireMemory(mostBytes * MEMORY_PER_BYTE, `comparing a file of ${mostBytes} bytes`);
  }
  const maxBytes = Math.min(job.maxBytes, costOfBlobs(from, to));
  let toldMs = 0;
  const onProgress = (doneBytes: number, totalBytes: number): void => {
    if (performance.now() - toldMs < REPORT_MS) return;
    toldMs = performance.now();
    reply({ kind: 'progress', doneBytes, totalBytes });
  };
  const fd = openSync(job.out, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o644);
  let bytes = 0;
  let done = false;
  try {
    const reader =
      (side: SideReader) =>
      (sha256: Sha256): Uint8Array => {
        buffersSpent(HELD_PER_BYTE * (side.sizes.get(sha256) ?? 0));
        return side.read(sha256);
      };
    const [readA, readB] = [reader(from), reader(to)];
    const parts = encodeBundle({ manifestA: from.manifest, manifestB: to.manifest, readA, readB, onProgress });
    for (const part of parts) {
      bytes += part.length;
      if (bytes > maxBytes) return undefined;
      for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    }
    tryOut(fd, bytes, from, to, job.to.manifest.sha256);
    fsyncSync(fd);
    done = true;
    return bytes;
  } finally {
    closeSync(fd);
    if (!done) rmSync(job.out, { force: true });
  }
}

function stepBack(): void {
  try {
    setPriority(0, BACKGROUND_NICE);
  } catch {
    // A sandbox may forbid it: the work is the same.
  }
}

/** The manifest and every blob that is new: a longer bundle is worth nothing. */
function costOfBlobs(from: SideReader, to: SideReader): number {
  let bytes = to.manifest.length;
  for (const [sha256, sizeBytes] of to.sizes) if (!from.sizes.has(sha256)) bytes += sizeBytes;
  return bytes;
}

/** A fault of an encoder must not travel: whoever got the bundle would leave us for a liar. */
function tryOut(fd: number, sizeBytes: number, from: SideReader, to: SideReader, sha256: string): void {
  const decoder = new BundleDecoder({
    manifestA: from.manifest,
    expectedManifest: { sha256, sizeBytes: to.manifest.length },
    maxNewBytes: Number.MAX_SAFE_INTEGER,
    maxContents: MANIFEST_LIMITS.maxEntries,
    maxBundleBytes: sizeBytes,
    base: (files) => {
      const parts = files.map((each) =>
        each.kind === 'old' ? from.read(each.file.sha256) : to.read(each.content.sha256),
      );
      const [first] = parts;
      return first && parts.length === 1 ? first : Buffer.concat(parts);
    },
    data: () => {},
    kept: (target, position) => void readFullySync(fd, target, position),
  });
  const step = Buffer.alloc(STEP_BYTES);
  try {
    for (let at = 0; at < sizeBytes; at += STEP_BYTES) decoder.push(step.subarray(0, readFullySync(fd, step, at)));
    decoder.finish();
  } catch (cause) {
    // Nothing is known of the bundle then.
    if (cause instanceof RippleError && cause.code === 'NoSpace') throw cause;
    throw new RippleError('Internal', 'the bundle does not give the new version back; report this pair', { cause });
  }
}

function largest({ sizes }: SideReader): number {
  let most = 0;
  for (const sizeBytes of sizes.values()) most = Math.max(most, sizeBytes);
  return most;
}

const port = parentPort;
if (port) freeSpentBuffers(true);
port?.on('message', (job: MakeBundleJob) => {
  const reply = (message: MakeBundleReply): void => port.postMessage(message);
  try {
    reply({ kind: 'done', bytes: make(job, reply) });
  } catch (error) {
    const { code, message } = asRippleError(error);
    reply({ kind: 'failed', code, message });
  }
});
