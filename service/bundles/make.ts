/** Makes one bundle, on a thread of its own. */
import { RippleError } from '../api/errors.ts';
import { WorkerThread } from '../delta/worker-thread.ts';
import type { MakeBundleJob, MakeBundleReply } from './make-worker.ts';

export interface MakeBundleOptions extends MakeBundleJob {
  readonly timeLimitMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** `worker.js` beside this file, once compiled. */
const WORKER = new URL('./make-worker.js', import.meta.url);
const HEAP_MEGABYTES = 4096;

/**
 * Writes the file `out`, tried out and on disk, and answers its length; `undefined`: it would be longer than `maxBytes`,
 * and nothing is left of it.
 * @throws RippleError `IoError` for damaged contents, `NoSpace`, `Cancelled`, `HashMismatch` when the time is up
 */
export async function makeBundleFile(options: MakeBundleOptions): Promise<number | undefined> {
  const { timeLimitMs, signal, onProgress, ...job } = options;
  const thread = new WorkerThread<MakeBundleJob, MakeBundleReply>(WORKER, HEAP_MEGABYTES);
  const limits = { signal, what: 'bundle', ...(timeLimitMs === undefined ? {} : { timeLimitMs }) };
  try {
    const made = await thread.run(job, limits, (reply) => {
      if (reply.kind === 'failed') throw new RippleError(reply.code, reply.message);
      if (reply.kind === 'done') return { bytes: reply.bytes };
      onProgress?.(reply.doneBytes, reply.totalBytes);
      return undefined;
    });
    return made.bytes;
  } finally {
    await thread.close();
  }
}
