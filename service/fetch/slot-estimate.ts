/**
 * How many requests at once each source takes, learned as TCP learns its window: one less than it refused, and after a
 * while of success one more. So a server with one free slot is asked for one thing at a time, instead of being asked
 * for four, refusing three, and being left alone for as long as its 503 says.
 */
const SUCCESSES_TO_GROW = 32;

export class SlotEstimate {
  readonly #most: number;
  readonly #limits = new Map<string, number>();
  readonly #successes = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  of(id: string): number {
    return this.#limits.get(id) ?? this.#most;
  }

  gave(id: string): void {
    const limit = this.#limits.get(id);
    if (limit === undefined) return;
    const successes = (this.#successes.get(id) ?? 0) + 1;
    this.#successes.set(id, successes % SUCCESSES_TO_GROW);
    if (successes === SUCCESSES_TO_GROW) this.#limits.set(id, Math.min(limit + 1, this.#most));
  }

  /** `others`: requests of ours that are still out there. False: there are none, so it is really busy. */
  refused(id: string, others: number): boolean {
    this.#successes.delete(id);
    this.#limits.set(id, Math.max(1, others));
    return others > 0;
  }
}
