/** What an updater says of itself: state, progress, last error, what was found; and who listens. */
import { asRippleError, RippleError } from '../api/errors.ts';
import { type LastError, NO_PROGRESS, type ProgressInfo, type VersionInfo } from '../api/model.ts';
import type { UpdaterState } from '../api/states.ts';
import type { Logger } from '../core/ports.ts';
import { nextState, type UpdaterEvent } from '../core/transitions.ts';
import type { UpdaterSignal } from '../core/updater.ts';

const NO_ERROR: LastError = { code: '', message: '' };

export class UpdaterStatus {
  readonly #logger: Logger;
  readonly #changeListeners: (() => void)[] = [];
  readonly #signalListeners: ((signal: UpdaterSignal) => void)[] = [];
  #state: UpdaterState = 'idle';
  #versions: readonly VersionInfo[] = [];
  #progress: ProgressInfo = NO_PROGRESS;
  #lastError: LastError = NO_ERROR;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get state(): UpdaterState {
    return this.#state;
  }
  get versions(): readonly VersionInfo[] {
    return this.#versions;
  }
  get progress(): ProgressInfo {
    return this.#progress;
  }
  get lastError(): LastError {
    return this.#lastError;
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }
  onSignal(listener: (signal: UpdaterSignal) => void): void {
    this.#signalListeners.push(listener);
  }
  changed(): void {
    for (const listener of this.#changeListeners) listener();
  }
  signal(signal: UpdaterSignal): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  /** @throws RippleError `WrongState` where the event has no place */
  go(event: UpdaterEvent): void {
    const old = this.#state;
    const next = nextState(old, event);
    if (next === undefined) throw new RippleError('WrongState', `cannot ${event} while ${old}`);
    this.#state = next;
    if (next !== old) {
      this.#logger.info('state', { old, new: next });
      this.signal({ name: 'StateChanged', old, new: next });
    }
    this.changed();
  }

  tellProgress(progress: ProgressInfo): void {
    this.#progress = progress;
    this.changed();
  }

  /** Tells of the newest when it was not known before. */
  found(versions: readonly VersionInfo[]): void {
    const newest = versions.at(-1);
    const isNews = newest !== undefined && !this.#versions.some((info) => info.version === newest.version);
    this.#versions = versions;
    if (isNews) this.signal({ name: 'UpdateAvailable', info: newest });
  }

  /** A source is not there any more. */
  lost(source: string): void {
    this.#versions = this.#versions.map((info) => ({ ...info, sources: info.sources.filter((id) => id !== source) }));
    this.changed();
  }

  tellRollback({ from, to, reason }: { readonly from: number; readonly to: number; readonly reason: string }): void {
    const message = `version ${from} did not work here (${reason}): back on version ${to}`;
    this.#lastError = { code: 'RolledBack', message };
  }

  forgetError(): void {
    this.#lastError = NO_ERROR;
  }

  /** Sets the last error and, where the state allows, becomes `failed`. */
  trouble(version: number, thrown: unknown): void {
    const error = asRippleError(thrown);
    this.#logger.warn('trouble', { code: error.code, message: error.message });
    this.#lastError = { code: error.code, message: error.message };
    if (nextState(this.#state, 'trouble')) this.go('trouble');
    else this.changed();
    this.signal({ name: 'UpdateFailed', version, error: this.#lastError });
  }
}
