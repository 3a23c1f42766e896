/** What `core/fetch-policy.ts` and `core/source-choice.ts` say here and now: battery, hour, connection, and for whom work is done. */
import { RippleError } from '../api/errors.ts';
import type { Severity } from '../api/model.ts';
import {
  type FetchWait,
  fetchWaits,
  isBelowFloor,
  isWithin,
  type Occasion,
  type QuietHours,
} from '../core/fetch-policy.ts';
import type { Clock, Source } from '../core/ports.ts';
import { mayAsk } from '../core/source-choice.ts';
import { readPower } from './power.ts';

export interface FetchGateOptions {
  /** Where the kernel tells of batteries. */
  readonly powerSupplies: string;
  readonly floorPercent: number;
  readonly quietHours: QuietHours | undefined;
  /** Whether the connection costs money. */
  isMetered(): boolean;
  /** Unix seconds that signatures vouch for: a clock that is before this knows no hour. */
  trustedSeconds(): number;
  readonly clock: Clock;
}

export class FetchGate {
  readonly #options: FetchGateOptions;
  /** Of the work that is under way; there is one at a time. */
  #occasion: Occasion = 'automatic';

  constructor(options: FetchGateOptions) {
    this.#options = options;
  }

  begin(occasion: Occasion): void {
    this.#occasion = occasion;
  }

  end(): void {
    this.#occasion = 'automatic';
  }

  get occasion(): Occasion {
    return this.#occasion;
  }

  /** @throws RippleError `LowBattery` with both numbers. */
  requirePower(): void {
    const { powerSupplies, floorPercent } = this.#options;
    const power = readPower(powerSupplies);
    if (!isBelowFloor(power, floorPercent)) return;
    throw new RippleError(
      'LowBattery',
      `the battery has ${power.chargePercent}%, less than ${floorPercent}%: plug the laptop in and try again`,
    );
  }

  /** What a fetch by itself has to wait for. `isNear`: a neighbour or a school server has it. */
  waits(severity: Severity, isNear: boolean): FetchWait | undefined {
    const { powerSupplies, floorPercent, isMetered } = this.#options;
    const now = { power: readPower(powerSupplies), floorPercent, isQuiet: this.#isQuiet(), isMetered: isMetered() };
    return fetchWaits({ occasion: 'automatic', severity, isNear, ...now });
  }

  /** Whether sources of this kind may be asked for the work that is under way. */
  mayAsk(kind: Source['kind']): boolean {
    return mayAsk(kind, { isMetered: this.#options.isMetered(), occasion: this.#occasion });
  }

  #isQuiet(): boolean {
    const { quietHours, clock, trustedSeconds } = this.#options;
    const now = new Date(clock.wallMs());
    if (!quietHours || now.getTime() / 1000 < trustedSeconds()) return false;
    return isWithin(quietHours, now.getHours() * 60 + now.getMinutes());
  }
}
