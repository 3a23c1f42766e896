/** One laptop that lacks the version: when it looks, when it may fetch, what it has at the end. It decides by the daemon's own functions. */
import { fetchWaits } from '../core/fetch-policy.ts';
import { hintedLookMs, ownLookMs } from '../core/look-rules.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { Battery } from './battery.ts';
import { Getter, nearOf } from './getter.ts';
import type { Host } from './host.ts';
import type { Scene } from './scene.ts';
import type { Stay } from './world.ts';

/** The default of `check.minutes`. */
const LOOK_MINUTES = 360;
/** The default of `power.floor`. */
const FLOOR_PERCENT = 20;
/** From the end of a look to the fetch, as the scheduler has it. */
const TAKE_UP_MS = 100;
/** A look asks so many neighbours, each for its latest, its keyring and a release; see `daemon/checker.ts`. */
const MOST_ASKED = 12;
const DOCUMENTS = 3;
/** A neighbour's new record reaches the others: what the announcer holds back, and mDNS itself. */
const ANNOUNCE_MS = [200, 1200] as const;

export interface LaptopOptions {
  readonly host: Host;
  readonly scene: Scene;
  /** Per cent; absent: no battery. */
  readonly charge: number | undefined;
  /** The version is staged. */
  readonly hasIt: () => void;
  /** Those near are told that it has more than before, or less. */
  readonly changed: () => void;
}

export class SimLaptop {
  readonly host: Host;
  /** Its battery made it wait at least once. */
  waited = false;
  readonly #options: LaptopOptions;
  readonly #ledger = new SourceLedger();
  readonly #battery: Battery | undefined;
  #state: 'old' | 'looking' | 'waiting' | 'getting' | 'has' = 'old';
  #lastLookMs = Number.NEGATIVE_INFINITY;
  #isLookPlanned = false;
  #getter: Getter | undefined;
  /** Grows with each opening and closing: what was begun before is not gone on with. */
  #turn = 0;

  constructor(options: LaptopOptions) {
    this.host = options.host;
    this.#options = options;
    if (options.charge !== undefined) this.#battery = new Battery(options.charge);
    this.#lookByItself();
  }

  get has(): boolean {
    return this.#state === 'has';
  }

  /** It opens somewhere else, or closes; with an empty battery it stays closed. */
  move({ spot, onMains }: Pick<Stay, 'spot' | 'onMains'>): void {
    const { scene } = this.#options;
    const { nowMs } = scene.time;
    const isEmpty = !onMains && (this.#battery?.percent(nowMs) ?? 100) <= 0;
    const there = isEmpty ? undefined : spot;
    this.#leave(this.#state === 'has' ? 'has' : 'old');
    this.#battery?.use(nowMs, there !== undefined, onMains);
    scene.move(this.host, there);
    if (!there) return;
    this.#closeWhenEmpty();
    if (this.has) this.#options.changed();
    this.heard();
  }

  #closeWhenEmpty(): void {
    const { time } = this.#options.scene;
    const emptyMs = this.#battery?.untilBelowMs(0, time.nowMs) ?? Number.POSITIVE_INFINITY;
    if (!Number.isFinite(emptyMs)) return;
    const { spot } = this.host;
    time.in(emptyMs, () => {
      if (this.host.spot === spot) this.move({ spot: undefined, onMains: false });
    });
  }

  /** Somebody near may have something new. */
  heard(): void {
    const { time, options } = this.#options.scene;
    this.#getter?.nearChanged();
    if (this.#state !== 'old' || this.#isLookPlanned || !this.host.spot || !this.#isNewNear()) return;
    this.#isLookPlanned = true;
    const toldMs = options.random.between(...ANNOUNCE_MS);
    time.in(toldMs + hintedLookMs(this.#lastLookMs, time.nowMs + toldMs), () => {
      this.#isLookPlanned = false;
      this.look();
    });
  }

  look(): void {
    const { scene } = this.#options;
    if (this.#state !== 'old' || !this.host.spot) return;
    this.#lastLookMs = scene.time.nowMs;
    if (!this.#isNewNear()) return;
    this.#state = 'looking';
    const turn = this.#turn;
    const { lookSeconds, requestSeconds } = scene.options.machine;
    // As many questions are asked as answered.
    const questions = 2 * DOCUMENTS * Math.min(MOST_ASKED, nearOf(this.#options).lackingIds.length);
    scene.work(this.host, lookSeconds + questions * requestSeconds, () =>
      this.#after(TAKE_UP_MS, turn, () => this.#takeUp()),
    );
  }

  #lookByItself(): void {
    const { time, options } = this.#options.scene;
    time.in(ownLookMs(LOOK_MINUTES, options.random.next()), () => {
      this.look();
      if (!this.has) this.#lookByItself();
    });
  }

  #isNewNear(): boolean {
    const { sources, getting } = nearOf(this.#options);
    return sources.length > 0 || getting.length > 0;
  }

  #takeUp(): void {
    const { scene, changed, hasIt } = this.#options;
    if (this.#waits()) {
      this.#state = 'waiting';
      this.waited = true;
      return;
    }
    this.#state = 'getting';
    this.host.standing = 'getting';
    changed();
    this.#getter = new Getter({
      host: this.host,
      scene,
      ledger: this.#ledger,
      staged: (byBundle) => {
        this.#leave('has');
        this.host.standing = 'whole';
        this.host.hasBundle = byBundle;
        hasIt();
        changed();
      },
      // The next who comes by causes the next look.
      gaveUp: () => {
        this.#leave('old');
        changed();
        this.heard();
      },
    });
    this.#getter.start();
    const { nowMs } = scene.time;
    if (this.#battery) this.#after(this.#battery.untilBelowMs(FLOOR_PERCENT, nowMs), this.#turn, () => this.#pause());
  }

  /** The battery fell below the floor: until it is on mains, it does not go on. */
  #pause(): void {
    if (this.#state !== 'getting' || !this.#waits()) return;
    this.#leave('waiting');
    this.waited = true;
    this.#options.scene.breakOff(this.host);
    this.#options.changed();
  }

  #waits(): boolean {
    const { scene } = this.#options;
    const power = this.#battery?.power(scene.time.nowMs) ?? { chargePercent: undefined, onMains: true };
    const { severity } = scene.options;
    const now = { occasion: 'automatic', severity, power, floorPercent: FLOOR_PERCENT } as const;
    return fetchWaits({ ...now, isQuiet: false, isMetered: false, isNear: true }) !== undefined;
  }

  /** Whatever it is at ends. */
  #leave(state: 'old' | 'waiting' | 'has'): void {
    this.#getter?.stop();
    this.#getter = undefined;
    this.#state = state;
    if (this.host.standing === 'getting') this.host.standing = 'lacking';
    this.#turn += 1;
  }

  #after(ms: number, turn: number, happen: () => void): void {
    if (!Number.isFinite(ms)) return;
    this.#options.scene.time.in(ms, () => {
      if (turn === this.#turn) happen();
    });
  }
}
