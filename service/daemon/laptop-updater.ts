/**
 * The updater of a laptop: one writer of the state, one job at a time. It decides what may happen when (through
 * `core/transitions`); `updater-work.ts` does it.
 */
import { RippleError } from '../api/errors.ts';
import type { OrderInfo, When } from '../api/model.ts';
import type { FetchWait, Occasion } from '../core/fetch-policy.ts';
import type { Clock } from '../core/ports.ts';
import { nextState } from '../core/transitions.ts';
import type { Updater, UpdaterSignal, UpdaterSnapshot } from '../core/updater.ts';
import { Appointments } from './appointments.ts';
import type { FetchGate } from './fetch-gate.ts';
import type { Memory } from './memory.ts';
import type { CarePart, PeersPart, SwitchPart } from './parts.ts';
import { requireGettable } from './standing.ts';
import { snapshotOf } from './updater-snapshot.ts';
import { UpdaterStatus } from './updater-status.ts';
import { UpdaterWork, type WorkParts } from './updater-work.ts';

export interface LaptopParts extends WorkParts {
  readonly image: string;
  readonly daemonVersion: string;
  readonly switcher: SwitchPart;
  readonly care: CarePart;
  readonly peers: PeersPart;
  readonly clock: Clock;
  readonly gate: Pick<FetchGate, 'begin' | 'end' | 'occasion' | 'requirePower' | 'waits'>;
}

const BEFORE_RESTART_MS = 300;

export class LaptopUpdater implements Updater {
  readonly #parts: LaptopParts;
  readonly #status: UpdaterStatus;
  readonly #work: UpdaterWork;
  #order: OrderInfo | null = null;
  readonly #appointments: Appointments;

  constructor(parts: LaptopParts) {
    this.#parts = parts;
    this.#status = new UpdaterStatus(parts.logger);
    this.#work = new UpdaterWork(parts, this.#status);
    this.#appointments = new Appointments({
      ...parts,
      isBusy: () => this.#work.running !== undefined,
      accept: (version) => this.accept(version, 'now'),
      choose: (version) => this.#work.choose(version),
      trouble: (version, thrown) => this.#work.trouble(version, thrown),
      changed: () => this.changed(),
    });
  }

  /** Takes up what was under way when the daemon last ended; call once, after listeners are there. */
  start(): void {
    const { rollback, goal, goalByItself } = this.#parts.memory.state;
    if (rollback) this.#status.signal({ name: 'RolledBack', ...rollback });
    const facts = this.#parts.switcher.facts();
    // Also when it is staged: what comes after the tree has its name may not have been done.
    if (goal > 0 && (goal === facts.staged || !facts.local.includes(goal)))
      this.#work.fetch(goal, goalByItself ? 'automatic' : 'person');
    else {
      this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
      this.#work.settle(false);
    }
    this.#appointments.start();
  }

  /** Stops the work under way (what came is kept) and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#appointments.stop();
    await this.#work.abort();
  }

  snapshot(): UpdaterSnapshot {
    return snapshotOf(this.#parts, this.#status, this.#work.readyVersion, this.#order);
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

  /** What was found is not to be had from this one any more. */
  sourceLeft(id: string): void {
    this.#status.lost(id);
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
    if (this.#work.running?.kind === 'check' && origin === undefined) return;
    if (this.#work.running?.kind === 'check') await this.#work.abort();
    this.#work.requireFree();
    this.#work.check(true);
  }

  /** As `check`, by itself: trouble is only logged. `afterFailure`: also over one that nobody has seen. True: it begins. */
  checkQuietly(afterFailure = false): boolean {
    const { state } = this.#status;
    if (this.#work.running || nextState(state, 'check') === undefined || (state === 'failed' && !afterFailure))
      return false;
    this.#work.check(false);
    return true;
  }

  /** As `fetch`, by itself: not what is here or was left before. Resolves with what it has to wait for, if anything. */
  async fetchQuietly(version: number): Promise<FetchWait | undefined> {
    const { shunned } = this.#parts.memory.state;
    if (shunned.includes(version) || this.#parts.switcher.facts().local.includes(version)) return undefined;
    const waits = this.#waits(version);
    if (waits === undefined) await this.#get(version, false, {}, 'automatic');
    return waits;
  }

  /** Stops a fetch that began by itself where it now has to wait; what came is kept. Resolves with what it waits for. */
  async pauseQuietly(): Promise<FetchWait | undefined> {
    const { running } = this.#work;
    if (running?.kind !== 'fetch' || this.#parts.gate.occasion !== 'automatic') return undefined;
    const waits = this.#waits(running.version);
    if (waits === undefined) return undefined;
    this.#parts.memory.note({ goal: 0 }, this.#parts.logger);
    await this.#work.abort();
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
    const { running } = this.#work;
    if (running?.kind === 'fetch' && running.version === version) {
      // What began by itself is from now on what a person wants.
      if (occasion === 'person') this.#parts.gate.begin(occasion);
      return;
    }
    if (running?.kind === 'check') await this.#work.abort();
    this.#work.requireFree();
    requireGettable(this.#parts.switcher.facts(), version, mayGoBack);
    this.#parts.gate.requirePower();
    this.#parts.memory.update({ ...change, goal: version, goalByItself: occasion !== 'person' });
    this.#work.fetch(version, occasion);
  }

  async accept(version: number, when: When): Promise<void> {
    this.#work.requireFree();
    const facts = this.#parts.switcher.facts();
    if (!facts.local.includes(version))
      throw new RippleError('UnknownVersion', `version ${version} is not on this laptop: get it first`);
    if (typeof when === 'number') {
      this.#parts.memory.update({ appointment: { version, at: when }, deferredUntil: when });
      this.changed();
      return;
    }
    if (facts.current !== version) await this.#work.choose(version);
    if (when === 'now' && facts.booted !== version) await this.restart();
  }

  async defer(version: number, untilUnixSeconds: number): Promise<void> {
    const facts = this.#parts.switcher.facts();
    if (!this.#status.versions.some((info) => info.version === version) && !facts.local.includes(version))
      throw new RippleError('UnknownVersion', `there is no version ${version} to put off`);
    this.#parts.memory.update({ deferredUntil: untilUnixSeconds, appointment: null });
    this.changed();
  }

  async rollback(): Promise<void> {
    this.#work.requireFree();
    const before = this.#parts.switcher.facts();
    const chosen = await this.#parts.switcher.rollback();
    const shunned = new Set([...this.#parts.memory.state.shunned, before.current]);
    this.#parts.memory.update({ goal: 0, appointment: null, rollback: null, shunned: [...shunned] });
    this.#status.forgetError();
    this.#parts.logger.info('going back at the next restart', { from: before.current, to: chosen });
    this.#work.settle(false);
  }

  async cancel(): Promise<void> {
    const { running } = this.#work;
    if (running?.kind === 'fetch') this.#parts.memory.update({ goal: 0 });
    if (running) await this.#work.abort();
    else if (this.#status.state === 'failed' || this.#status.lastError.code !== '') {
      this.#work.forgetTrouble();
      this.#work.settle(false);
    } else throw new RippleError('WrongState', 'nothing is under way that could be stopped');
  }

  async verify(): Promise<{ readonly checked: number; readonly damaged: number }> {
    return this.#work.care((signal) => this.#parts.care.verify(signal));
  }
  async repair(): Promise<{ readonly repaired: number }> {
    return this.#work.care((signal) => this.#parts.care.repair(signal));
  }

  /** Looks after files by itself: false where other work is under way. Rejects as the work does. */
  async careQuietly(work: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    if (this.#work.running || this.#status.state === 'restarting') return false;
    await this.#work.care(work);
    return true;
  }

  async restart(): Promise<void> {
    const facts = this.#parts.switcher.facts();
    if (this.#status.state === 'restarting') return;
    this.#work.requireFree();
    if (facts.current === facts.booted || facts.current === 0)
      throw new RippleError(
        'WrongState',
        `version ${facts.booted} is running and is the one chosen: there is nothing to restart for`,
      );
    this.#status.go('restart');
    // A moment later, so that whoever asked hears the answer before the bus goes down.
    setTimeout(() => {
      this.#parts.switcher.restart().catch((thrown: unknown) => this.#work.trouble(facts.current, thrown));
    }, BEFORE_RESTART_MS);
  }
}
