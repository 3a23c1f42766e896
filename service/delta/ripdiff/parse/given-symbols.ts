import { GAP, type Parse } from './parse.ts';
import { KIND } from './symbols.ts';

/** The symbols of a parse, one after another; literals one by one. */
export class GivenSymbols {
  readonly #parse: Parse;
  #index = -1;
  /** Literals of the same run that come. */
  #left = 0;

  constructor(parse: Parse) {
    this.#parse = parse;
  }

  next(): void {
    if (this.#left > 1) {
      this.#left--;
      return;
    }
    const parse = this.#parse;
    this.#index++;
    while (this.#index < parse.count && parse.kind(this.#index) === GAP) this.#index++;
    this.#left = this.kind === KIND.literal ? parse.length(this.#index) : 0;
  }

  get kind(): number {
    return this.#parse.kind(this.#index);
  }

  get length(): number {
    return this.kind === KIND.literal ? 1 : this.#parse.length(this.#index);
  }

  get distance(): number {
    return this.#parse.distance(this.#index);
  }
}
