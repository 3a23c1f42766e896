/** One piece of work at a time: the disk, the network and the state have one writer. */
export type JobKind = 'check' | 'fetch' | 'care';

interface Job {
  readonly kind: JobKind;
  readonly version: number;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export class OneJob {
  readonly #ended: () => void;
  #job: Job | undefined;

  /** `ended` is called after each job, when the next may begin. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  /** What runs; `undefined` when nothing does. `version` is 0 where the work is about none. */
  get running(): { readonly kind: JobKind; readonly version: number } | undefined {
    return this.#job;
  }

  /** Begins a tick later, so that it is known before it can end. `work` must not reject. */
  begin(kind: JobKind, version: number, work: (signal: AbortSignal) => Promise<void>): void {
    const controller = new AbortController();
    const done = Promise.resolve()
      .then(() => work(controller.signal))
      .finally(() => {
        this.#job = undefined;
        this.#ended();
      });
    this.#job = { kind, version, controller, done };
  }

  /** Aborts what runs and resolves when it has ended. */
  async abort(): Promise<void> {
    const job = this.#job;
    job?.controller.abort();
    await job?.done;
  }
}
