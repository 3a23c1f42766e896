import { Worker } from 'node:worker_threads';
import { RippleError } from '../api/errors.ts';

export interface TaskLimits {
  readonly signal?: AbortSignal | undefined;
  /** None unless told. */
  readonly timeLimitMs?: number;
  /** Names the job in messages. */
  readonly what: string;
}

/** Small, so that what is used for a moment does not pile up. */
const YOUNG_MEGABYTES = 6;

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
   * Gives the job over and each reply to `onReply`, until that answers with a result. Nothing of the job runs any more
   * when this resolves or rejects.
   * @throws RippleError `Cancelled`, `HashMismatch` when the time or the heap is used up, `Internal`
   */
  async run<Result>(
    job: Job,
    { signal, timeLimitMs, what }: TaskLimits,
    onReply: (reply: Reply) => Result | undefined,
  ): Promise<Result> {
    if (this.#busy) throw new RippleError('Busy', 'this thread has a job; wait for it');
    if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
    this.#busy = true;
    const worker = this.#start();
    worker.ref();
    try {
      const result = await new Promise<Result>((resolve, reject) => {
        const settle = (end: () => void): void => {
          clearTimeout(timer);
          // One by one: `removeAllListeners` would also remove those by which the worker hears of new ones.
          worker.off('message', onMessage).off('error', onError).off('exit', onExit);
          signal?.removeEventListener('abort', onAbort);
          end();
        };
        const fail = (error: unknown): void => settle(() => reject(error));
        const onMessage = (reply: Reply): void => {
          try {
            const result = onReply(reply);
            if (result !== undefined) settle(() => resolve(result));
          } catch (error) {
            fail(error);
          }
        };
        const onError = (error: Error): void => fail(workerError(what, error));
        const onExit = (): void => fail(new RippleError('Internal', `${what}: its thread ended by itself`));
        const onAbort = (): void => fail(new RippleError('Cancelled', 'stopped'));
        const onTime = (): void => fail(new RippleError('HashMismatch', `${what}: not done within ${timeLimitMs} ms`));
        const timer = timeLimitMs === undefined ? undefined : setTimeout(onTime, timeLimitMs);
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        signal?.addEventListener('abort', onAbort);
        worker.postMessage(job);
        // A reply could come before a timer that is due at once.
        if (timeLimitMs === 0) onTime();
      });
      worker.unref();
      return result;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMegabytes, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
      // Options of the process, such as `--input-type`, are for its own script.
      execArgv: [],
    });
    // It may also end between jobs, and must not take the process with it then.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
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
