import type { Parse } from './parse.ts';
import type { Kind } from './symbols.ts';

/** Further on than this a search is faster than to go there. */
const NEAR_BYTES = 1 << 8;

/** Goes through an old parse, mostly forwards. */
export class OldSymbols {
  readonly #parse: Parse;
  #index = 0;
  /** Where the symbol that was sought last begins. */
  start = 0;

  constructor(parse: Parse) {
    this.#parse = parse;
  }

  /** The symbol that covers `position`. */
  seek(position: number): void {
    const parse = this.#parse;
    if (position < this.start || position > this.start + NEAR_BYTES) {
      this.#index = parse.near(position);
      this.start = parse.place(this.#index);
    }
    for (;;) {
      const length = parse.length(this.#index);
      if (position < this.start + length) return;
      this.start += length;
      this.#index++;
    }
  }

  /** Bytes that it stands for. */
  get length(): number {
    return this.#parse.length(this.#index);
  }

  get kind(): Kind {
    return this.#parse.kind(this.#index);
  }

  /** The kind of the symbol after it. */
  get nextKind(): Kind {
    return this.#parse.kind(this.#index + 1);
  }

  get distance(): number {
    return this.#parse.distance(this.#index);
  }
}
