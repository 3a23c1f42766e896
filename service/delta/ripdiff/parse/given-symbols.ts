import { GAP, type Parse } from './parse.ts';

/** The symbols of a parse, one after another. */
export class GivenSymbols {
  readonly #parse: Parse;
  index = -1;

  constructor(parse: Parse) {
    this.#parse = parse;
  }

  next(): void {
    this.index++;
    while (this.index < this.#parse.count && this.#parse.kind(this.index) === GAP) this.index++;
  }

  get kind(): number {
    return this.#parse.kind(this.index);
  }

  get length(): number {
    return this.#parse.length(this.index);
  }

  get distance(): number {
    return this.#parse.distance(this.index);
  }
}
