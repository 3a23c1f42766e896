/**
 * The updater of a laptop: one writer of the state, one job at a time. It decides what may happen when (through
 * `core/transitions`) and leaves the work to its parts.
 */
import { asRippleError, RippleError } from '../api/errors.ts';
import { NO_PROGRESS, type OrderInfo, type ProgressInfo, type When } from '../api/model.ts';
import type { FetchWait, Occasion } from '../core/fetch-policy.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { nextState } from '../core/transitions.ts';
import type { Updater, UpdaterSignal, UpdaterSnapshot } from '../core/updater.ts';
import { Appointments } from './appointments.ts';
import type { FetchGate } from './fetch-gate.ts';
import type { Memory } from './memory.ts';
import { OneJob } from './one-job.ts';
import type { CarePart, CheckPart, FetchPart, PeersPart, SwitchPart } from './parts.ts';
import { standing } from './standing.ts';
import { UpdaterStatus } from './updater-status.ts';

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
  readonly gate: Pick<FetchGate, 'begin' | 'end' | 'occasion' | 'requirePower' | 'waits'>;
  /** Called when a piece of work is over and nothing is under way. */
  rest(): void;
}

const BEFORE_RESTART_MS = 300;

export class LaptopUpdater implements Updater {
  readonly #parts: LaptopParts;
  readonly #status: UpdaterStatus;
  readonly #job = new OneJob(() => {
    this.#parts.gate.end();
    this.changed();
    this.#parts.rest();
  });
  /** What `ready` is about when it is no newly staged version but one that was here. */
  #readyVersion = 0;
  #order: OrderInfo | null = null;
  readonly #appointments: Appointments;

  constructor(parts: LaptopParts) {
    this.#parts = parts;
    this.#status = new UpdaterStatus(parts.logger);
    this.#appointments = new Appointments({
      ...parts,
      isBusy: () => this.#job.running !== undefined,
      accept: (version) => this.accept(version, 'now'),
      choose: (version) => this.#choose(version),
      trouble: (version, thrown) => this.#trouble(version, thrown),
      changed: () => this.changed(),
    });
    const { rollback } = parts.memory.state;
    if (rollback) this.#status.tellRollback(rollback);
  }

  /** Takes up what was under way when the daemon last ended; call once, after listeners are there. */
  start(): void {
    const { rollback, goal, goalByItself } = this.#parts.memory.state;
    if (rollback) this.#status.signal({ name: 'RolledBack', ...rollback });
    const facts = this.#parts.switcher.facts();
    // Also when it is staged: what comes after the tree has its name may not have been done.
    if (goal > 0 && (goal === facts.staged || !facts.local.includes(goal)))
      this.#beginFetch(goal, goalByItself ? 'automatic' : 'person');
    else {
      this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
      this.#settle(false);
    }
    this.#appointments.start();
  }

  /** Stops the work under way (what came is kept) and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#appointments.stop();
    await this.#job.abort();
  }

  snapshot(): UpdaterSnapshot {
    const facts = this.#parts.switcher.facts();
    const { state, versions, progress, lastError } = this.#status;
    return {
      state,
      image: this.#parts.image,
      bootedVersion: facts.booted,
      currentVersion: facts.current,
      previousVersion: facts.previous,
      stagedVersion: facts.staged || (state === 'ready' ? this.#readyVersion : 0),
      versions: versions.map((info) => ({ ...info, local: facts.local.includes(info.version) })),
      peers: this.#parts.peers.peers(progress),
      progress,
      order: this.#order,
      deferredUntil: this.#parts.memory.state.deferredUntil,
      restartRequired: facts.current !== 0 && facts.current !== facts.booted,
      lastError,
      daemonVersion: this.#parts.daemonVersion,
    };
  }

  onChange(listener: () => void): void {
    this.#status.onChange(listener);
  }
  onSignal(listener: (signal: UpdaterSignal) => void): void {
    this.#status.onSignal(listener);
  }
  /** Something outside (peers, an answer on the network) changed what the snapshot says. */
  changed(): void {
    this.#status.changed();
  }

  /** `isNew`: one that was heard just now. */
  tellOrder(order: OrderInfo | null, isNew: boolean): void {
    this.#order = order;
    this.changed();
    if (order && isNew) this.#status.signal({ name: 'OrderReceived', order });
  }

  async check(origin?: string): Promise<void> {
    if (origin !== undefined) this.#parts.peers.borrow(origin);
    // One that is under way has asked others already.
    if (this.#job.running?.kind === 'check' && origin === undefined) return;
    if (this.#job.running?.kind === 'check') await this.#job.abort();
    this.#requireFree();
    this.#beginCheck(true);
  }

  /**
   * As `check`, but by itself: trouble is only logged, and nothing happens while other work is under way.
   * `afterFailure`: also where a failure stands that nobody has seen. True: it begins.
   */
  checkQuietly(afterFailure = false): boolean {
    const { state } = this.#status;
    if (this.#job.running || nextState(state, 'check') === undefined || (state === 'failed' && !afterFailure))
      return false;
    this.#beginCheck(false);
    return true;
  }

  /**
   * As `fetch`, but by itself: not what is here, nor what did not start or a person went back from. Resolves with what it has
   * to wait for, if it does.
   */
  async fetchQuietly(version: number): Promise<FetchWait | undefined> {
    const { shunned } = this.#parts.memory.state;
    if (shunned.includes(version) || this.#parts.switcher.facts().local.includes(version)) return undefined;
    const waits = this.#waits(version);
    if (waits === undefined) await this.#get(version, false, {}, 'automatic');
    return waits;
  }

  /** Stops a fetch that began by itself where it now has to wait; what came is kept. Resolves with what it waits for. */
  async pauseQuietly(): Promise<FetchWait | undefined> {
    const { running } = this.#job;
    if (running?.kind !== 'fetch' || this.#parts.gate.occasion !== 'automatic') return undefined;
    const waits = this.#waits(running.version);
    if (waits === undefined) return undefined;
    this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
    await this.#job.abort();
    return waits;
  }

  #waits(version: number): FetchWait | undefined {
    const severity = this.#status.versions.find((info) => info.version === version)?.severity ?? 'normal';
    return this.#parts.gate.waits(severity, this.#parts.peers.isNear(version));
  }

  /** As `fetch`, because a teacher ordered it: what a child put off stays so. `mayGoBack`: also below the one that runs. */
  async fetchByOrder(version: number, mayGoBack: boolean): Promise<void> {
    if (this.#parts.switcher.facts().local.includes(version)) return;
    await this.#get(version, mayGoBack, {}, 'order');
  }

  async fetch(version: number): Promise<void> {
    const { shunned, failed } = this.#parts.memory.state;
    const without = (versions: readonly number[]): number[] => versions.filter((one) => one !== version);
    await this.#get(version, false, { deferredUntil: 0, shunned: without(shunned), failed: without(failed) }, 'person');
  }

  async #get(
    version: number,
    mayGoBack: boolean,
    change: Parameters<Memory['update']>[0],
    occasion: Occasion,
  ): Promise<void> {
    const { running } = this.#job;
    if (running?.kind === 'fetch' && running.version === version) {
      // What began by itself is from now on what a person wants.
      if (occasion === 'person') this.#parts.gate.begin(occasion);
      return;
    }
    if (running?.kind === 'check') await this.#job.abort();
    this.#requireFree();
    const facts = this.#parts.switcher.facts();
    if (version === facts.booted && version === facts.current)
      throw new RippleError('WrongState', `version ${version} is running already`);
    if (version < facts.booted && !mayGoBack && !facts.local.includes(version)) {
      throw new RippleError(
        'Downgrade',
        `version ${version} is older than version ${facts.booted}, which runs; use rollback to go back`,
      );
    }
    this.#parts.gate.requirePower();
    this.#parts.memory.update({ ...change, goal: version, goalByItself: occasion !== 'person' });
    this.#beginFetch(version, occasion);
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
    if (!this.#status.versions.some((info) => info.version === version) && !facts.local.includes(version)) {
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
    this.#status.forgetError();
    this.#parts.logger.info('going back at the next restart', { from: before.current, to: chosen });
    this.#settle(false);
  }

  async cancel(): Promise<void> {
    const { running } = this.#job;
    if (running?.kind === 'fetch') this.#parts.memory.update({ goal: 0 });
    if (running) await this.#job.abort();
    else if (this.#status.state === 'failed' || this.#status.lastError.code !== '') {
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

  /** Looks after files by itself: false where other work is under way. Rejects as the work does. */
  async careQuietly(work: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    if (this.#job.running || this.#status.state === 'restarting') return false;
    await this.#care(work);
    return true;
  }

  async restart(): Promise<void> {
    const facts = this.#parts.switcher.facts();
    if (this.#status.state === 'restarting') return;
    this.#requireFree();
    if (facts.current === facts.booted || facts.current === 0)
      throw new RippleError(
        'WrongState',
        `version ${facts.booted} is running and is the one chosen: there is nothing to restart for`,
      );
    this.#status.go('restart');
    // A moment later, so that whoever asked hears the answer before the bus goes down.
    setTimeout(() => {
      this.#parts.switcher.restart().catch((thrown: unknown) => this.#trouble(facts.current, thrown));
    }, BEFORE_RESTART_MS);
  }

  #beginCheck(asked: boolean): void {
    // By itself it must not take a notice away that nobody has seen.
    if (asked) this.#forgetTrouble();
    this.#status.go('check');
    this.#parts.gate.begin(asked ? 'person' : 'automatic');
    this.#job.begin('check', 0, async (signal) => {
      try {
        this.#status.found(await this.#parts.checker.run(signal));
        this.#settle(asked);
      } catch (thrown) {
        if (signal.aborted) return this.#settle(false);
        this.#parts.logger.warn('check failed', { message: asRippleError(thrown).message });
        if (asked) this.#trouble(0, thrown);
        else this.#settle(false);
      }
    });
  }

  #beginFetch(version: number, occasion: Occasion): void {
    this.#forgetTrouble();
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
        else this.#trouble(version, thrown);
      }
    });
  }

  async #choose(version: number): Promise<void> {
    await this.#parts.switcher.choose(version);
    this.#parts.memory.update({ appointment: null, deferredUntil: 0, goal: 0, rollback: null });
    this.#status.tellProgress(NO_PROGRESS);
    if (this.#status.state === 'ready') this.#status.go('choose');
    else this.changed();
  }

  async #care<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    this.#requireFree();
    return new Promise((resolve, reject) => this.#job.begin('care', 0, (signal) => work(signal).then(resolve, reject)));
  }

  /** `asked`: because a person looked. */
  #settle(asked: boolean): void {
    const found = this.#status.versions.map(({ version }) => version);
    this.#status.go(standing(this.#parts.switcher.facts(), found, this.#parts.memory.state, asked));
  }

  #requireFree(): void {
    const { running } = this.#job;
    if (!running) return;
    const doing = running.kind === 'care' ? 'files are being checked' : this.#status.state;
    throw new RippleError('WrongState', `cannot do that while ${doing}: wait, or cancel first`);
  }

  #forgetTrouble(): void {
    this.#status.forgetError();
    this.#parts.memory.note({ rollback: null }, this.#parts.logger);
  }

  #trouble(version: number, thrown: unknown): void {
    this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
    this.#status.trouble(version, thrown);
  }
}
