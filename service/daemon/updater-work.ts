/**
 * The work of a laptop's updater: one job at a time, and what its beginning and its end make of the state. What may begin
 * when is decided by whoever begins it.
 */
import { asRippleError, RippleError } from '../api/errors.ts';
import { NO_PROGRESS, type ProgressInfo } from '../api/model.ts';
import type { Occasion } from '../core/fetch-policy.ts';
import type { Logger } from '../core/ports.ts';
import type { FetchGate } from './fetch-gate.ts';
import type { Memory } from './memory.ts';
import { type JobKind, OneJob } from './one-job.ts';
import type { CheckPart, FetchPart, SwitchPart } from './parts.ts';
import { standing } from './standing.ts';
import type { UpdaterStatus } from './updater-status.ts';

export interface WorkParts {
  readonly memory: Memory;
  readonly checker: CheckPart;
  readonly fetcher: FetchPart;
  readonly switcher: Pick<SwitchPart, 'facts' | 'choose'>;
  readonly logger: Logger;
  readonly gate: Pick<FetchGate, 'begin' | 'end'>;
  /** Called when a piece of work is over and nothing is under way. */
  rest(): void;
}

export class UpdaterWork {
  readonly #parts: WorkParts;
  readonly #status: UpdaterStatus;
  readonly #job: OneJob;
  #readyVersion = 0;

  constructor(parts: WorkParts, status: UpdaterStatus) {
    this.#parts = parts;
    this.#status = status;
    this.#job = new OneJob(() => {
      parts.gate.end();
      status.changed();
      parts.rest();
    });
    const { rollback } = parts.memory.state;
    if (rollback) status.tellRollback(rollback);
  }

  /** What is under way; `undefined` when nothing is. `version` is 0 where the work is about none. */
  get running(): { readonly kind: JobKind; readonly version: number } | undefined {
    return this.#job.running;
  }

  /** What `ready` is about when it is no newly staged version but one that was here; 0: nothing yet. */
  get readyVersion(): number {
    return this.#readyVersion;
  }

  /** Stops what is under way (what came is kept) and resolves when it has ended. */
  async abort(): Promise<void> {
    await this.#job.abort();
  }

  /** @throws RippleError `WrongState` while something is under way */
  requireFree(): void {
    const { running } = this.#job;
    if (!running) return;
    const doing = running.kind === 'care' ? 'files are being checked' : this.#status.state;
    throw new RippleError('WrongState', `cannot do that while ${doing}: wait, or cancel first`);
  }

  /** Begins to look for newer versions. `asked`: because a person looks; else trouble is only logged. */
  check(asked: boolean): void {
    // By itself it must not take a notice away that nobody has seen.
    if (asked) this.forgetTrouble();
    this.#status.go('check');
    this.#parts.gate.begin(asked ? 'person' : 'automatic');
    this.#job.begin('check', 0, async (signal) => {
      try {
        this.#status.found(await this.#parts.checker.run(signal));
        this.settle(asked);
      } catch (thrown) {
        if (signal.aborted) return this.settle(false);
        this.#parts.logger.warn('check failed', { message: asRippleError(thrown).message });
        if (asked) this.trouble(0, thrown);
        else this.settle(false);
      }
    });
  }

  /** Begins to fetch and stage a version. */
  fetch(version: number, occasion: Occasion): void {
    this.forgetTrouble();
    this.#status.go('get');
    this.#parts.gate.begin(occasion);
    this.#job.begin('fetch', version, async (signal) => {
      const report = {
        progress: (progress: ProgressInfo): void => this.#status.tellProgress(progress),
        staging: (): void => this.#status.go('fetched'),
      };
      try {
        await this.#parts.fetcher.run(version, report, signal);
        this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
        this.#readyVersion = version;
        this.#status.go('staged');
        const info = this.#status.versions.find((candidate) => candidate.version === version);
        if (info) this.#status.signal({ name: 'UpdateReady', info });
      } catch (thrown) {
        this.#status.tellProgress(NO_PROGRESS);
        if (signal.aborted) this.#status.go('cancel');
        else this.trouble(version, thrown);
      }
    });
  }

  /** From the next start on it is `version`; what was put off or agreed before is no more. */
  async choose(version: number): Promise<void> {
    await this.#parts.switcher.choose(version);
    this.#parts.memory.update({ appointment: null, deferredUntil: 0, goal: 0, rollback: null });
    this.#status.tellProgress(NO_PROGRESS);
    if (this.#status.state === 'ready') this.#status.go('choose');
    else this.#status.changed();
  }

  /**
   * Looks after files; settles as `work` does.
   * @throws RippleError `WrongState` while something is under way
   */
  async care<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    this.requireFree();
    return new Promise((resolve, reject) => this.#job.begin('care', 0, (signal) => work(signal).then(resolve, reject)));
  }

  /** Nothing is under way: the state is where the laptop stands. `asked`: because a person looked. */
  settle(asked: boolean): void {
    const found = this.#status.versions.map(({ version }) => version);
    this.#status.go(standing(this.#parts.switcher.facts(), found, this.#parts.memory.state, asked));
  }

  /** Takes the last error and the notice of a rollback away. */
  forgetTrouble(): void {
    this.#status.forgetError();
    this.#parts.memory.note({ rollback: null }, this.#parts.logger);
  }

  /** Tells of trouble; what was to be fetched is no goal any more. `version`: what it is about, 0 for none. */
  trouble(version: number, thrown: unknown): void {
    this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
    this.#status.trouble(version, thrown);
  }
}
