import { TRUST } from './address-map.ts';

/** Numbers that are remembered one by one: some 10 MB at most. */
const MAX_EXACT = 1 << 17;

/**
 * How a row of numbers changed, learned from those that were seen: one that was not moves as its neighbours did. Kept from file to
 * file, as kernel modules count on from the same numbers.
 */
export class Renumbering {
  /** Of the last `predict`. */
  trust = 0;
  readonly #exact = new Map<number, number>();
  readonly #near = new Map<number, number>();
  readonly #far = new Map<number, number>();
  #last = 0;

  predict(value: number): number {
    let shift = this.#exact.get(value);
    this.trust = TRUST.learned;
    if (shift === undefined) {
      shift = this.#near.get(value >>> 5);
      this.trust = TRUST.edge;
    }
    if (shift === undefined) {
      shift = this.#far.get(value >>> 10);
      this.trust = TRUST.gap;
    }
    if (shift === undefined) {
      shift = this.#last;
      this.trust = TRUST.outside;
    }
    return (value + shift) >>> 0;
  }

  learn(value: number, actual: number): void {
    const shift = actual - value;
    if (this.#exact.size < MAX_EXACT || this.#exact.has(value)) this.#exact.set(value, shift);
    if (this.#near.size < MAX_EXACT) this.#near.set(value >>> 5, shift);
    if (this.#far.size < MAX_EXACT) this.#far.set(value >>> 10, shift);
    this.#last = shift;
  }
}

/** What one stream of files learned about numbers. */
export class Numberings {
  readonly types = new Renumbering();
  readonly names = new Renumbering();
}
