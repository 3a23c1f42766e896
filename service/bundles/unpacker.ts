/** The thread that unpacks one bundle, as seen from outside. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BlobRef } from '../core/ports.ts';
import type { Grown, UnpackJob, UnpackReply } from './unpack-worker.ts';

export type Unpacked =
  | { readonly kind: 'more' }
  /** All of it was right: the manifest is in this file. */
  | { readonly kind: 'whole'; readonly manifest: string }
  | Extract<UnpackReply, { kind: 'failed' }>;

/** `worker.js` beside this file, once compiled. */
const WORKER = new URL('./unpack-worker.js', import.meta.url);
/** Decoders work in typed arrays, which do not count: this bounds all else, of which manifests are the most. */
const HEAP_MEGABYTES = 256;
/** Small, so that what is used for a moment does not pile up. */
const YOUNG_MEGABYTES = 6;
/** For what still waits when the last byte came: a bundle can be made to take for ever. */
const BASE_TIME_MS = 60_000;
const TIME_PER_MIB_MS = 4000;
/** A longer timer would go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Unpacker {
  readonly #worker: Worker;
  readonly #out: string;
  readonly #timeLimitMs: number;
  readonly #onContent: (ref: BlobRef, file: string) => void;
  #toldBytes = 0;
  #readBytes = 0;
  #state: Unpacked = { kind: 'more' };
  #wake = (): void => {};

  /** Empties `job.out`. `onContent` gets each new content, hashed as it was written, and the file that holds it. */
  constructor(job: UnpackJob, onContent: (ref: BlobRef, file: string) => void) {
    rmSync(job.out, { recursive: true, force: true });
    mkdirSync(job.out, { recursive: true, mode: 0o700 });
    this.#out = job.out;
    this.#onContent = onContent;
    const mebibytes = (job.maxNewBytes + job.maxBundleBytes) / (1 << 20);
    this.#timeLimitMs = Math.min(BASE_TIME_MS + TIME_PER_MIB_MS * mebibytes, MAX_TIMER_MS);
    this.#worker = new Worker(WORKER, {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
      execArgv: [],
    });
    const failed = (message: string): void =>
      this.#settle({ kind: 'failed', code: 'Internal', message, blameless: true });
    this.#worker.on('message', (reply: UnpackReply) => this.#hear(reply));
    this.#worker.on('error', (error) => failed(`the thread that unpacks the bundle failed: ${error.message}`));
    this.#worker.on('exit', () => failed('the thread that unpacks the bundle ended by itself'));
  }

  /** What is known by now; the thread may lag behind. */
  get state(): Unpacked {
    return this.#state;
  }

  /** The file grew. Returns at once: what waits to be unpacked waits on the disk. */
  grown(file: Grown): void {
    this.#toldBytes = file.bytes;
    this.#worker.postMessage(file);
  }

  /** Resolves once everything that it was told of is unpacked, or nothing more can be. */
  async settled(signal: AbortSignal): Promise<Unpacked> {
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort);
    const message = `not unpacked within ${this.#timeLimitMs} ms`;
    const tooLong = (): void => this.#settle({ kind: 'failed', code: 'HashMismatch', message, blameless: false });
    const timer = setTimeout(tooLong, this.#timeLimitMs);
    try {
      while (this.#state.kind !== 'failed' && this.#readBytes < this.#toldBytes) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      return this.#state;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Stops it; nothing is written any more when this resolves. */
  async close(): Promise<void> {
    this.#worker.removeAllListeners('message');
    await this.#worker.terminate();
    rmSync(this.#out, { recursive: true, force: true });
  }

  #hear(reply: UnpackReply): void {
    if (this.#state.kind === 'failed') return;
    if (reply.kind === 'failed') this.#settle(reply);
    else if (reply.kind === 'content') this.#hand(reply.ref, join(this.#out, `${reply.number}`));
    else {
      this.#readBytes = reply.bytes;
      this.#settle(reply.whole ? { kind: 'whole', manifest: join(this.#out, 'manifest') } : { kind: 'more' });
    }
  }

  #hand(ref: BlobRef, file: string): void {
    try {
      this.#onContent(ref, file);
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown error';
      this.#settle({ kind: 'failed', code: 'IoError', message, blameless: true });
    }
  }

  #settle(state: Unpacked): void {
    if (this.#state.kind === 'failed') return;
    this.#state = state;
    this.#wake();
  }
}
