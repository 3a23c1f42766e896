/** Chance from a seed: the same seed, the same story. xoshiro128** (Blackman and Vigna, 2018), filled by splitmix32. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const split = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    [this.#a, this.#b, this.#c, this.#d] = [split(), split(), split(), split() | 1];
  }

  /** 0 ≤ x < 1. */
  next(): number {
    const five = Math.imul(this.#b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result / 2 ** 32;
  }

  /** 0 ≤ whole number < `bound`. */
  integer(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** With this mean (seconds, say), of what comes at any time with the same chance. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** A new list; every order is as likely (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const mixed = [...items];
    for (let at = mixed.length - 1; at > 0; at--) {
      const other = this.integer(at + 1);
      const [x, y] = [mixed[at], mixed[other]];
      if (x !== undefined && y !== undefined) [mixed[at], mixed[other]] = [y, x];
    }
    return mixed;
  }

  /** A seed for somebody else's chances, so that one drawing more does not change another's. */
  seed(): number {
    return this.integer(2 ** 32);
  }
}
