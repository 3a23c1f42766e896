import { Worker } from 'node:worker_threads';
import { RippleError } from '../api/errors.ts';

export interface TaskLimits {
  readonly signal?: AbortSignal | undefined;
  /** None unless told. */
  readonly timeLimitMs?: number;
  /** Names the job in messages. */
  readonly what: string;
}

/**
 * A thread that does one job at a time and can be stopped in the middle of a loop. It starts with the first job, is kept
 * for the next, and does not keep the process alive while it has none.
 */
export class WorkerThread<Job, Reply> {
  readonly #script: URL;
  readonly #heapMegabytes: number;
  #worker: Worker | undefined;
  #busy = false;

  constructor(script: URL, heapMegabytes: number) {
    this.#script = script;
    this.#heapMegabytes = heapMegabytes;
  }

  /**
   * Gives the job over and each reply to `onReply`, until that answers true. Nothing of the job runs any more when this
   * resolves or rejects.
   * @throws RippleError `Cancelled`, `HashMismatch` when the time or the heap is used up, `Internal`
   */
  async run(job: Job, { signal, timeLimitMs, what }: TaskLimits, onReply: (reply: Reply) => boolean): Promise<void> {
    if (this.#busy) throw new RippleError('Busy', 'this thread has a job; wait for it');
    if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
    this.#busy = true;
    this.#worker ??= new Worker(this.#script, { resourceLimits: { maxOldGenerationSizeMb: this.#heapMegabytes } });
    const worker = this.#worker;
    worker.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (end: () => void): void => {
          clearTimeout(timer);
          worker.removeAllListeners();
          signal?.removeEventListener('abort', onAbort);
          end();
        };
        const fail = (error: unknown): void => settle(() => reject(error));
        const onAbort = (): void => fail(new RippleError('Cancelled', 'stopped'));
        const onTime = (): void => fail(new RippleError('HashMismatch', `${what}: not done within ${timeLimitMs} ms`));
        const timer = timeLimitMs === undefined ? undefined : setTimeout(onTime, timeLimitMs);
        signal?.addEventListener('abort', onAbort);
        worker.on('message', (reply: Reply) => {
          try {
            if (onReply(reply)) settle(resolve);
          } catch (error) {
            fail(error);
          }
        });
        worker.on('error', (error) => fail(workerError(what, error)));
        worker.on('exit', () => fail(new RippleError('Internal', `${what}: its thread ended by itself`)));
        worker.postMessage(job);
      });
      worker.unref();
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Stops what it does. It starts anew with the next job. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function workerError(what: string, error: Error): RippleError {
  const outOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (outOfMemory) return new RippleError('HashMismatch', `${what}: takes too much memory`);
  return new RippleError('Internal', `${what}: its thread failed`, { cause: error });
}
