import type { Counts } from './counts.ts';
import { damaged, highestBit } from './format.ts';

/** A table of finite state entropy (RFC 8878, 4.1): both ways. */
export class FseTable {
  readonly log: number;
  /** By state: its symbol, how many bits lead to the next state, and from where they count. */
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
  /** The states of each symbol, ascending, and where those of one begin. */
  readonly #states: Uint16Array;
  readonly #starts: Uint16Array;

  private constructor(log: number, symbols: Uint8Array, weights: Uint16Array) {
    const size = 1 << log;
    this.log = log;
    this.symbols = symbols;
    this.bits = new Uint8Array(size);
    this.bases = new Uint16Array(size);
    this.#states = new Uint16Array(size);
    this.#starts = new Uint16Array(weights.length + 1);
    for (const [symbol, weight] of weights.entries()) this.#starts[symbol + 1] = (this.#starts[symbol] ?? 0) + weight;
    const next = Uint16Array.from(weights);
    for (let state = 0; state < size; state++) {
      const symbol = symbols[state] ?? 0;
      const number = next[symbol] ?? 0;
      next[symbol] = number + 1;
      this.#states[(this.#starts[symbol] ?? 0) + number - (weights[symbol] ?? 0)] = state;
      const bits = log - highestBit(number);
      this.bits[state] = bits;
      this.bases[state] = (number << bits) - size;
    }
  }

  static ofCounts({ log, counts }: Counts): FseTable {
    const size = 1 << log;
    const symbols = new Uint8Array(size);
    const weights = Uint16Array.from(counts, (count) => Math.abs(count));
    if (counts.some((count) => count < -1) || weights.reduce((sum, weight) => sum + weight, 0) !== size)
      throw damaged();
    let high = size;
    for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--high] = symbol;
    const step = (size >> 1) + (size >> 3) + 3;
    let state = 0;
    for (const [symbol, count] of counts.entries())
      for (let i = 0; i < count; i++) {
        symbols[state] = symbol;
        do state = (state + step) & (size - 1);
        while (state >= high);
      }
    return new FseTable(log, symbols, weights);
  }

  /** It is the only one, and takes no bits. */
  static ofOne(symbol: number): FseTable {
    const weights = new Uint16Array(symbol + 1);
    weights[symbol] = 1;
    return new FseTable(0, Uint8Array.of(symbol), weights);
  }

  /** Whether `symbol` can be told. */
  has(symbol: number): boolean {
    return symbol + 1 < this.#starts.length && this.#weight(symbol) > 0;
  }

  #weight(symbol: number): number {
    return (this.#starts[symbol + 1] ?? 0) - (this.#starts[symbol] ?? 0);
  }

  /** The state that tells the last symbol. */
  lastState(symbol: number): number {
    return this.#states[this.#starts[symbol] ?? 0] ?? 0;
  }

  /** How many bits of `next` tell it after a state of `symbol`. */
  bitsBefore(symbol: number, next: number): number {
    const weight = this.#weight(symbol);
    const number = next + (1 << this.log);
    let bits = this.log - highestBit(weight);
    if (number >>> bits < weight) bits--;
    return bits;
  }

  /** The state of `symbol` after which `next` comes, of which the lowest `bits` were told. */
  stateBefore(symbol: number, next: number, bits: number): number {
    const number = (next + (1 << this.log)) >>> bits;
    return this.#states[(this.#starts[symbol] ?? 0) + number - this.#weight(symbol)] ?? 0;
  }
}
