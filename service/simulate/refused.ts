/**
 * Those whom a host has refused because all its slots were taken. In the daemon each asks again every second or two; of a school
 * that is millions of questions whose answer is known. Here each keeps the times at which it would ask, and is woken at the
 * first of them after a slot is free, if nobody else was sooner.
 */
import type { Host } from './host.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Waiter = () => void;

interface Times {
  /** Virtual milliseconds. */
  readonly firstMs: number;
  readonly everyMs: number;
}

export class Refused {
  readonly #host: Host;
  readonly #time: VirtualTime;
  readonly #waiting = new Map<Waiter, Times>();

  constructor(host: Host, time: VirtualTime) {
    this.#host = host;
    this.#time = time;
  }

  /** `waiter` would ask again in `inMs`, and then every so often; it is called once. */
  add(waiter: Waiter, inMs: number, everyMs: number): void {
    this.#waiting.set(waiter, { firstMs: this.#time.nowMs + inMs, everyMs });
    this.freed();
  }

  delete(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  /** A slot may be free. */
  freed(): void {
    if (!this.#host.hasSlot || this.#waiting.size === 0) return;
    const { nowMs } = this.#time;
    let first: Waiter | undefined;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const [waiter, { firstMs, everyMs }] of this.#waiting) {
      const turns = Math.max(0, Math.ceil((nowMs - firstMs) / everyMs));
      const atMs = firstMs + turns * everyMs;
      if (atMs < soonestMs) [first, soonestMs] = [waiter, atMs];
    }
    this.#time.in(soonestMs - nowMs, () => {
      // Who has got what it wanted elsewhere leaves its turn to the next.
      if (first && this.#host.hasSlot && this.#waiting.delete(first)) first();
      this.freed();
    });
  }
}
