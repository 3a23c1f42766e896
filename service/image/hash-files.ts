/** Hashes many files on as many threads as there are processors, in bounded memory. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RippleError } from '../api/errors.ts';
import type { HashBatch, HashJob, HashReply } from './hash-worker.ts';
import type { Keep } from './keep.ts';

export interface HashOptions {
  readonly keep?: Keep | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const MAX_THREADS = 8;
/** A batch is large enough to make messages cheap, and small enough to keep all threads busy to the end. */
const BATCH_FILES = 64;
const BATCH_BYTES = 4n << 20n;

/** `worker.js` beside this file, once compiled. */
const WORKER = new URL('./hash-worker.js', import.meta.url);

/**
 * SHA-256 of each, in lower-case hex, in the order of the jobs.
 * @throws RippleError `IoError` for a file that changed or cannot be read, `NoSpace`, `Cancelled`
 */
export async function hashFiles(jobs: readonly HashJob[], options: HashOptions = {}): Promise<string[]> {
  const results: string[] = new Array(jobs.length).fill('');
  const batches = makeBatches(jobs);
  const threads = Math.min(availableParallelism(), MAX_THREADS, batches.length);
  const workers = Array.from({ length: threads }, () => new Worker(WORKER));
  const stop = new AbortController();
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let batch = batches.pop(); batch && !stop.signal.aborted; batch = batches.pop()) {
          const batchJobs = batch.flatMap((index) => jobs[index] ?? []);
          const sha256 = await runBatch(worker, { jobs: batchJobs, keep: options.keep }, options);
          for (const [i, index] of batch.entries()) results[index] = sha256[i] ?? '';
        }
      }),
    );
  } finally {
    stop.abort();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

/** Indexes of jobs, the batch with the largest file last: taken from the end, so that no thread is left with it alone. */
function makeBatches(jobs: readonly HashJob[]): number[][] {
  const sizeOf = (index: number): bigint => jobs[index]?.identity.size ?? 0n;
  const order = jobs.map((_, index) => index).sort((a, b) => Number(sizeOf(a) - sizeOf(b)) || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  let bytes = 0n;
  for (const index of order) {
    if (batch.length >= BATCH_FILES || (batch.length > 0 && bytes + sizeOf(index) > BATCH_BYTES)) {
      batches.push(batch);
      batch = [];
      bytes = 0n;
    }
    batch.push(index);
    bytes += sizeOf(index);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function runBatch(worker: Worker, batch: HashBatch, { signal, onBytes }: HashOptions): Promise<readonly string[]> {
  return new Promise<readonly string[]>((resolve, reject) => {
    const onMessage = (reply: HashReply): void => {
      if (reply.kind === 'bytes') onBytes?.(reply.bytes);
      else
        settle(() =>
          reply.kind === 'done' ? resolve(reply.sha256) : reject(new RippleError(reply.code, reply.message)),
        );
    };
    const onError = (error: unknown): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new RippleError('Internal', 'a hashing thread ended by itself')));
    const onAbort = (): void => settle(() => reject(new RippleError('Cancelled', 'stopped')));
    const settle = (end: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    else worker.postMessage(batch);
  });
}
