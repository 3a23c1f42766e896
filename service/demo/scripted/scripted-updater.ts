/** An updater that does what the test says, in place of the engine: it keeps calls and lets values be set. */
import { NO_PROGRESS, type When } from '../../api/model.ts';
import type { Updater, UpdaterSignal, UpdaterSnapshot } from '../../core/updater.ts';

export const FIRST_SNAPSHOT: UpdaterSnapshot = {
  state: 'idle',
  image: 'xo',
  bootedVersion: 6,
  currentVersion: 6,
  previousVersion: 5,
  stagedVersion: 0,
  versions: [
    {
      version: 7,
      severity: 'critical',
      notes: { en: 'A new game', es: 'Un juego nuevo' },
      released: '2026-03-01T08:00:00Z',
      downloadSizeBytes: 5_000_000_000,
      sources: ['p1', 'http://school:8517'],
      local: false,
    },
  ],
  peers: [
    {
      id: 'p1',
      name: 'Ana',
      colours: '#ff0000,#00ff00',
      role: 'laptop',
      version: 7,
      state: 'online',
      givenBytes: 12,
      lastSeen: 1_770_000_000,
    },
  ],
  progress: NO_PROGRESS,
  order: null,
  deferredUntil: 0,
  restartRequired: false,
  lastError: { code: '', message: '' },
  daemonVersion: '0.1.0',
};

export class ScriptedUpdater implements Updater {
  /** What was called, in order: the method's name, then its arguments. */
  readonly calls: (readonly unknown[])[] = [];
  /** Replace it to make calls wait or fail. */
  respond: (method: string) => Promise<void> = async () => {};
  readonly #changeListeners: (() => void)[] = [];
  readonly #signalListeners: ((signal: UpdaterSignal) => void)[] = [];
  #snapshot: UpdaterSnapshot = FIRST_SNAPSHOT;

  set(change: Partial<UpdaterSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#changeListeners) listener();
  }
  tell(signal: UpdaterSignal): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  snapshot(): UpdaterSnapshot {
    return this.#snapshot;
  }
  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }
  onSignal(listener: (signal: UpdaterSignal) => void): void {
    this.#signalListeners.push(listener);
  }
  check(): Promise<void> {
    return this.#called('check');
  }
  fetch(version: number): Promise<void> {
    return this.#called('fetch', version);
  }
  accept(version: number, when: When): Promise<void> {
    return this.#called('accept', version, when);
  }
  defer(version: number, untilUnixSeconds: number): Promise<void> {
    return this.#called('defer', version, untilUnixSeconds);
  }
  rollback(): Promise<void> {
    return this.#called('rollback');
  }
  cancel(): Promise<void> {
    return this.#called('cancel');
  }
  async verify(): Promise<{ readonly checked: number; readonly damaged: number }> {
    await this.#called('verify');
    return { checked: 1234, damaged: 2 };
  }
  async repair(): Promise<{ readonly repaired: number }> {
    await this.#called('repair');
    return { repaired: 2 };
  }
  restart(): Promise<void> {
    return this.#called('restart');
  }

  async #called(...call: readonly [string, ...unknown[]]): Promise<void> {
    this.calls.push(call);
    await this.respond(call[0]);
  }
}
