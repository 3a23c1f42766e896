/** What is left in a laptop's battery, by whether it was open and on mains since. The rates are guesses: a charge lasts five hours. */
import type { PowerNow } from '../core/fetch-policy.ts';

/** Per cent an hour. */
const OPEN_TAKES = 20;
const CLOSED_TAKES = 1;
const MAINS_GIVES = 50;
const HOUR_MS = 3_600_000;

export class Battery {
  #percent: number;
  #atMs = 0;
  #ratePerHour = 0;
  #onMains = false;

  /** @param percent at time 0, closed */
  constructor(percent: number) {
    this.#percent = percent;
  }

  /** From now on (milliseconds). */
  use(nowMs: number, isOpen: boolean, onMains: boolean): void {
    this.#percent = this.percent(nowMs);
    this.#atMs = nowMs;
    this.#onMains = onMains;
    this.#ratePerHour = onMains ? MAINS_GIVES : isOpen ? -OPEN_TAKES : -CLOSED_TAKES;
  }

  percent(nowMs: number): number {
    const percent = this.#percent + (this.#ratePerHour * (nowMs - this.#atMs)) / HOUR_MS;
    return Math.min(100, Math.max(0, percent));
  }

  power(nowMs: number): PowerNow {
    return { chargePercent: this.percent(nowMs), onMains: this.#onMains };
  }

  /** Milliseconds until less than this is left, if all goes on as now; endless on mains. */
  untilBelowMs(percent: number, nowMs: number): number {
    if (this.#ratePerHour >= 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, ((this.percent(nowMs) - percent) / -this.#ratePerHour) * HOUR_MS) + 1;
  }
}
