import type { Parse } from './parse.ts';
import { KIND, type Kind } from './symbols.ts';

/** Further on than this a search is faster than to go there. */
const NEAR_BYTES = 1 << 8;

/** Goes through an old parse, mostly forwards. */
export class OldSymbols {
  readonly #parse: Parse;
  #index = 0;
  #start = 0;
  #position = 0;

  constructor(parse: Parse) {
    this.#parse = parse;
  }

  /** The symbol that covers `position`. */
  seek(position: number): void {
    const parse = this.#parse;
    this.#position = position;
    if (position < this.#start || position > this.#start + NEAR_BYTES) {
      this.#index = parse.near(position);
      this.#start = parse.place(this.#index);
    }
    for (;;) {
      const length = parse.length(this.#index);
      if (position < this.#start + length) return;
      this.#start += length;
      this.#index++;
    }
  }

  /** Bytes that are left of it. */
  get left(): number {
    return this.#start + this.#parse.length(this.#index) - this.#position;
  }

  /** It begins where it was sought. */
  get isAligned(): boolean {
    return this.kind === KIND.literal || this.#start === this.#position;
  }

  get kind(): Kind {
    return this.#parse.kind(this.#index);
  }

  /** The kind of the symbol after it. */
  get nextKind(): Kind {
    return this.kind === KIND.literal && this.left > 1 ? KIND.literal : this.#parse.kind(this.#index + 1);
  }

  get distance(): number {
    return this.#parse.distance(this.#index);
  }
}
