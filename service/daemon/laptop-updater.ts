/**
 * The updater of a laptop: one writer of the state, one job at a time. It decides what may happen when (through
 * `core/transitions`) and leaves the work to its parts.
 */
import { asRippleError, RippleError } from '../api/errors.ts';
import { type LastError, NO_PROGRESS, type ProgressInfo, type VersionInfo, type When } from '../api/model.ts';
import type { UpdaterState } from '../api/states.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { nextState, type UpdaterEvent } from '../core/transitions.ts';
import type { Updater, UpdaterSignal, UpdaterSnapshot } from '../core/updater.ts';
import type { Memory } from './memory.ts';
import type { CarePart, CheckPart, FetchPart, PeersPart, SwitchPart } from './parts.ts';

export interface LaptopParts {
  readonly image: string;
  readonly daemonVersion: string;
  readonly memory: Memory;
  readonly checker: CheckPart;
  readonly fetcher: FetchPart;
  readonly switcher: SwitchPart;
  readonly care: CarePart;
  readonly peers: PeersPart;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws RippleError `LowBattery`. */
  requirePower(): void;
}

interface Job {
  readonly kind: 'check' | 'fetch' | 'care';
  readonly version: number;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

const NO_ERROR: LastError = { code: '', message: '' };
/** Appointments and deferrals are looked at this often: Node's own timers cannot wait longer than 24 days. */
const APPOINTMENT_POLL_MS = 20_000;
const BEFORE_RESTART_MS = 300;

export class LaptopUpdater implements Updater {
  readonly #parts: LaptopParts;
  #state: UpdaterState = 'idle';
  #versions: readonly VersionInfo[] = [];
  #progress: ProgressInfo = NO_PROGRESS;
  #lastError: LastError = NO_ERROR;
  #job: Job | undefined;
  readonly #changeListeners: (() => void)[] = [];
  readonly #signalListeners: ((signal: UpdaterSignal) => void)[] = [];
  #appointments: NodeJS.Timeout | undefined;

  constructor(parts: LaptopParts) {
    this.#parts = parts;
    const { rollback } = parts.memory.state;
    if (rollback) {
      this.#lastError = {
        code: 'RolledBack',
        message: `version ${rollback.from} did not work here (${rollback.reason}): back on version ${rollback.to}`,
      };
    }
  }

  /** Takes up what was under way when the daemon last ended; call once, after listeners are there. */
  start(): void {
    const { rollback, goal } = this.#parts.memory.state;
    if (rollback) this.#signal({ name: 'RolledBack', ...rollback });
    const facts = this.#parts.switcher.facts();
    // Also when it is staged: what comes after the tree has its name may not have been done.
    if (goal > 0 && (goal === facts.staged || !facts.local.includes(goal))) this.#beginFetch(goal);
    else {
      this.#parts.memory.update({ goal: 0 });
      this.#settle(false);
    }
    this.#appointments = setInterval(() => this.#keepAppointment(), APPOINTMENT_POLL_MS);
    this.#appointments.unref();
  }

  /** Stops the work under way (what came is kept) and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#appointments);
    const job = this.#job;
    job?.controller.abort();
    await job?.done;
  }

  snapshot(): UpdaterSnapshot {
    const facts = this.#parts.switcher.facts();
    return {
      state: this.#state,
      image: this.#parts.image,
      bootedVersion: facts.booted,
      currentVersion: facts.current,
      previousVersion: facts.previous,
      stagedVersion: facts.staged,
      versions: this.#versions.map((info) => ({ ...info, local: facts.local.includes(info.version) })),
      peers: this.#parts.peers.peers(this.#progress),
      progress: this.#progress,
      deferredUntil: this.#parts.memory.state.deferredUntil,
      restartRequired: facts.current !== 0 && facts.current !== facts.booted,
      lastError: this.#lastError,
      daemonVersion: this.#parts.daemonVersion,
    };
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }
  onSignal(listener: (signal: UpdaterSignal) => void): void {
    this.#signalListeners.push(listener);
  }
  /** Something outside (peers, an answer on the network) changed what the snapshot says. */
  changed(): void {
    for (const listener of this.#changeListeners) listener();
  }

  async check(): Promise<void> {
    if (this.#job?.kind === 'check') return;
    this.#requireFree();
    this.#beginCheck(true);
  }

  /** As `check`, but by itself: trouble is only logged, and nothing happens while other work is under way. */
  checkQuietly(): void {
    if (this.#job || nextState(this.#state, 'check') === undefined || this.#state === 'failed') return;
    this.#beginCheck(false);
  }

  async fetch(version: number): Promise<void> {
    if (this.#job?.kind === 'fetch' && this.#job.version === version) return;
    if (this.#job?.kind === 'check') await this.#abort(this.#job);
    this.#requireFree();
    const facts = this.#parts.switcher.facts();
    if (version === facts.booted && version === facts.current)
      throw new RippleError('WrongState', `version ${version} is running already`);
    if (version < facts.booted && !facts.local.includes(version)) {
      throw new RippleError(
        'Downgrade',
        `version ${version} is older than version ${facts.booted}, which runs; use rollback to go back`,
      );
    }
    this.#parts.requirePower();
    this.#parts.memory.update({
      goal: version,
      deferredUntil: 0,
      shunned: this.#parts.memory.state.shunned.filter((one) => one !== version),
    });
    this.#beginFetch(version);
  }

  async accept(version: number, when: When): Promise<void> {
    this.#requireFree();
    const facts = this.#parts.switcher.facts();
    if (!facts.local.includes(version))
      throw new RippleError('UnknownVersion', `version ${version} is not on this laptop: get it first`);
    if (typeof when === 'number') {
      this.#parts.memory.update({ appointment: { version, at: when }, deferredUntil: when });
      this.changed();
      return;
    }
    if (facts.current !== version) await this.#choose(version);
    if (when === 'now' && facts.booted !== version) await this.restart();
  }

  async defer(version: number, untilUnixSeconds: number): Promise<void> {
    const facts = this.#parts.switcher.facts();
    if (!this.#versions.some((info) => info.version === version) && !facts.local.includes(version)) {
      throw new RippleError('UnknownVersion', `there is no version ${version} to put off`);
    }
    this.#parts.memory.update({ deferredUntil: untilUnixSeconds, appointment: null });
    this.changed();
  }

  async rollback(): Promise<void> {
    this.#requireFree();
    const before = this.#parts.switcher.facts();
    const chosen = await this.#parts.switcher.rollback();
    const shunned = new Set([...this.#parts.memory.state.shunned, before.current]);
    this.#parts.memory.update({ goal: 0, appointment: null, rollback: null, shunned: [...shunned] });
    this.#lastError = NO_ERROR;
    this.#parts.logger.info('going back at the next restart', { from: before.current, to: chosen });
    this.#settle(false);
  }

  async cancel(): Promise<void> {
    const job = this.#job;
    if (job?.kind === 'fetch') this.#parts.memory.update({ goal: 0 });
    if (job) await this.#abort(job);
    else if (this.#state === 'failed' || this.#lastError.code !== '') {
      this.#forgetTrouble();
      this.#settle(false);
    } else throw new RippleError('WrongState', 'nothing is under way that could be stopped');
  }

  async verify(): Promise<{ readonly checked: number; readonly damaged: number }> {
    return this.#care((signal) => this.#parts.care.verify(signal));
  }
  async repair(): Promise<{ readonly repaired: number }> {
    return this.#care((signal) => this.#parts.care.repair(signal));
  }

  async restart(): Promise<void> {
    const facts = this.#parts.switcher.facts();
    if (this.#state === 'restarting') return;
    this.#requireFree();
    if (facts.current === facts.booted || facts.current === 0)
      throw new RippleError(
        'WrongState',
        `version ${facts.booted} is running and is the one chosen: there is nothing to restart for`,
      );
    this.#go('restart');
    // A moment later, so that whoever asked hears the answer before the bus goes down.
    setTimeout(() => {
      this.#parts.switcher.restart().catch((thrown: unknown) => this.#trouble(facts.current, thrown));
    }, BEFORE_RESTART_MS);
  }

  #beginCheck(asked: boolean): void {
    // By itself it must not take a notice away that nobody has seen.
    if (asked) this.#forgetTrouble();
    this.#go('check');
    this.#run('check', 0, async (signal) => {
      try {
        const found = await this.#parts.checker.run(signal);
        const newest = found.at(-1);
        const isNews = newest !== undefined && !this.#versions.some((info) => info.version === newest.version);
        this.#versions = found;
        if (isNews) this.#signal({ name: 'UpdateAvailable', info: newest });
        this.#settle(asked);
      } catch (thrown) {
        if (signal.aborted) return this.#settle(false);
        this.#parts.logger.warn('check failed', { message: asRippleError(thrown).message });
        if (asked) this.#trouble(0, thrown);
        else this.#settle(false);
      }
    });
  }

  #beginFetch(version: number): void {
    this.#forgetTrouble();
    this.#go('get');
    this.#run('fetch', version, async (signal) => {
      const report = {
        progress: (progress: ProgressInfo): void => {
          this.#progress = progress;
          this.changed();
        },
        staging: (): void => this.#go('fetched'),
      };
      try {
        await this.#parts.fetcher.run(version, report, signal);
        this.#parts.memory.update({ goal: 0 });
        this.#go('staged');
        const info = this.#versions.find((candidate) => candidate.version === version);
        if (info) this.#signal({ name: 'UpdateReady', info });
      } catch (thrown) {
        this.#progress = NO_PROGRESS;
        if (signal.aborted) this.#go('cancel');
        else this.#trouble(version, thrown);
      }
    });
  }

  async #choose(version: number): Promise<void> {
    await this.#parts.switcher.choose(version);
    this.#parts.memory.update({ appointment: null, deferredUntil: 0, goal: 0, rollback: null });
    this.#progress = NO_PROGRESS;
    if (this.#state === 'ready') this.#go('choose');
    else this.changed();
  }

  #keepAppointment(): void {
    const { appointment, deferredUntil } = this.#parts.memory.state;
    const now = this.#parts.clock.wallMs() / 1000;
    if (appointment && now >= appointment.at && !this.#job) {
      this.#parts.memory.update({ appointment: null });
      this.accept(appointment.version, 'now').catch((thrown) => this.#trouble(appointment.version, thrown));
    } else if (deferredUntil > 0 && now >= deferredUntil) {
      this.#parts.memory.update({ deferredUntil: 0 });
      this.changed();
    }
  }

  async #care<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    this.#requireFree();
    return new Promise((resolve, reject) => this.#run('care', 0, (signal) => work(signal).then(resolve, reject)));
  }

  #run(kind: Job['kind'], version: number, work: (signal: AbortSignal) => Promise<void>): void {
    const controller = new AbortController();
    // Begun a tick later, so that the job is known before its work can end.
    const done = Promise.resolve()
      .then(() => work(controller.signal))
      .finally(() => {
        this.#job = undefined;
        this.changed();
      });
    this.#job = { kind, version, controller, done };
  }

  async #abort(job: Job): Promise<void> {
    job.controller.abort();
    await job.done;
  }

  /** Where the laptop stands when nothing is under way. `asked`: a person looked, so what was shunned is shown again. */
  #settle(asked: boolean): void {
    const facts = this.#parts.switcher.facts();
    const { shunned } = this.#parts.memory.state;
    const offered = (version: number): boolean =>
      version > facts.booted && version !== facts.current && (asked || !shunned.includes(version));
    if (facts.staged > 0 && offered(facts.staged)) this.#go('checked-ready');
    else if (this.#versions.some((info) => offered(info.version))) this.#go('checked-newer');
    else this.#go('checked-nothing');
  }

  #requireFree(): void {
    if (this.#job)
      throw new RippleError(
        'WrongState',
        `cannot do that while ${this.#job.kind === 'care' ? 'files are being checked' : this.#state}: wait, or cancel first`,
      );
  }

  #forgetTrouble(): void {
    this.#lastError = NO_ERROR;
    this.#parts.memory.update({ rollback: null });
  }

  #trouble(version: number, thrown: unknown): void {
    const error = asRippleError(thrown);
    this.#parts.logger.warn('trouble', { code: error.code, message: error.message });
    this.#parts.memory.update({ goal: 0 });
    this.#lastError = { code: error.code, message: error.message };
    this.#go('trouble');
    this.#signal({ name: 'UpdateFailed', version, error: this.#lastError });
  }

  #go(event: UpdaterEvent): void {
    const old = this.#state;
    const next = nextState(old, event);
    if (next === undefined) throw new RippleError('WrongState', `cannot ${event} while ${old}`);
    this.#state = next;
    if (next !== old) {
      this.#parts.logger.info('state', { old, new: next });
      this.#signal({ name: 'StateChanged', old, new: next });
    }
    this.changed();
  }

  #signal(signal: UpdaterSignal): void {
    for (const listener of this.#signalListeners) listener(signal);
  }
}
