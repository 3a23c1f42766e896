/** Plays a scenario as a real D-Bus service: connects, exports the scripted updater, and goes from step to step. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BusConnection, connectBus } from '../../../dbus/connection.ts';
import type { PeerInfo } from '../../api/model.ts';
import { BusAuthority } from '../../bus/authority.ts';
import { exportUpdater } from '../../bus/service.ts';
import { type Change, fetching, friend, order, SCHOOL, STORY } from './child-story.ts';
import { pupils } from './class-story.ts';
import type { Scenario, Step } from './scenario.ts';
import { ScriptedClassroom } from './scripted-classroom.ts';
import { ScriptedUpdater } from './scripted-updater.ts';

/** Between two changes of something that grows: as often as the daemon itself tells. */
const TICK_MS = 250;
/** What a laptop of the class gets on in one tick, in per cent. */
const CLASS_STEP = 2;

const quiet = { info() {}, warn() {} };

/** The school and so many friends, of whom every fifth is getting it and every ninth is gone. */
function crowd(count: number): readonly PeerInfo[] {
  const one = (i: number): PeerInfo => {
    if (i % 5 === 2) return friend(i, { state: 'getting', version: 6 });
    return friend(i, i % 9 === 7 ? { state: 'away' } : {});
  };
  return [SCHOOL, ...Array.from({ length: count }, (_, i) => one(i))];
}

/** The daemon's values for a step, `share` (0 to 1) of its time gone. */
export function valuesOf(step: Step & { readonly show: keyof typeof STORY }, share: number): Change {
  const peers = step.neighbours === undefined ? undefined : crowd(step.neighbours);
  const [from, to] = step.grows ?? [0, 0];
  const grown = step.grows ? { progress: fetching(from + (to - from) * share).progress } : {};
  return { ...STORY[step.show], ...grown, ...(peers ? { peers } : {}) };
}

export class Player {
  readonly #bus: string;
  readonly #scenario: Scenario;
  readonly #classroom: ScriptedClassroom | undefined;
  #updater = new ScriptedUpdater();
  #connection: BusConnection | undefined;
  #asked: (method: string) => void = () => {};
  /** The step that is played. */
  step: Step | undefined;

  /** @param bus the private bus's address */
  constructor(bus: string, scenario: Scenario) {
    this.#bus = bus;
    this.#scenario = scenario;
    if (scenario.class > 0) this.#classroom = new ScriptedClassroom(pupils(scenario.class));
  }

  /** Resolves when the last step was reached and is over, or `signal` is aborted; what it showed last stays. */
  async play(signal: AbortSignal): Promise<void> {
    const { steps, loop } = this.#scenario;
    let at = 0;
    while (at < steps.length && !signal.aborted) {
      const step = steps[at];
      if (!step) return;
      this.step = step;
      const asked = await this.#show(step, signal);
      // Whoever stops getting it is back where it was offered.
      const offered = steps.findIndex(({ show }) => show === 'available');
      at = asked === 'cancel' && step.until !== 'cancel' && offered >= 0 ? offered : at + 1;
      if (at === steps.length && loop) at = 0;
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** The method that ended the step, if one did. */
  async #show(step: Step, signal: AbortSignal): Promise<string | undefined> {
    const { show, until } = step;
    if (show === 'away') {
      this.close();
      await sleep(step.seconds * 1000, undefined, { signal }).catch(() => undefined);
      return undefined;
    }
    const named = { ...step, show };
    const due = step.deadlineSeconds === undefined ? {} : { order: order(step.deadlineSeconds) };
    let asked: string | undefined;
    this.#asked = (method) => {
      if (method === until || method === 'cancel') asked = method;
    };
    this.#updater.set({ ...valuesOf(named, 0), ...due });
    await this.#connect();
    const ticks = Math.ceil((step.seconds * 1000) / TICK_MS);
    const endless = step.seconds === 0;
    const last = this.#scenario.steps.at(-1) === step && endless && until === undefined && !this.#classroom;
    if (last) return undefined;
    for (let tick = 1; (endless || tick <= ticks) && asked === undefined; tick++) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      if (step.grows) this.#updater.set(valuesOf(named, endless ? 1 : tick / ticks));
      this.#moveClass();
    }
    return asked;
  }

  async #connect(): Promise<void> {
    if (this.#connection) return;
    const connection = await connectBus(this.#bus);
    this.#connection = connection;
    const values = this.#updater.snapshot();
    this.#updater = new ScriptedUpdater();
    this.#updater.set(values);
    this.#updater.respond = async (method) => this.#asked(method);
    const authority = new BusAuthority(connection, { group: '', allowSameUser: true }, quiet);
    await exportUpdater(connection, this.#updater, authority, quiet, this.#classroom);
  }

  #moveClass(): void {
    for (const laptop of this.#classroom?.laptops() ?? []) {
      if (laptop.state !== 'fetching') continue;
      const progress = Math.min(100, laptop.progress + CLASS_STEP);
      this.#classroom?.set({ ...laptop, progress, state: progress === 100 ? 'ready' : 'fetching' });
    }
  }
}
