import type { ContentWindow } from './content-window.ts';
import { MATCH_UNIT, MIN_MATCH, type Token } from './format.ts';
import type { MatchSearch } from './match-search.ts';
import type { Style } from './style.ts';

/** Says which token gzip or zlib would write next, after whatever was written before. */
export class TokenPredictor {
  readonly #content: ContentWindow;
  readonly #style: Style;
  readonly #search: MatchSearch;
  /** A match that was found while looking ahead: where it begins, its length, its start. */
  #aheadAt = -1;
  #aheadLength = 0;
  #aheadStart = 0;

  constructor(content: ContentWindow, style: Style, search: MatchSearch) {
    this.#content = content;
    this.#style = style;
    this.#search = search;
  }

  /** The content was moved to the front by so many bytes. */
  moved(by: number): void {
    this.#aheadAt -= by;
    this.#aheadStart -= by;
  }

  /** The token at `position`, which lies inside the content. */
  predict(position: number): Token {
    const { lazy, enough } = this.#style;
    const search = this.#search;
    const literal = this.#content.bytes[position] ?? 0;
    let length = this.#aheadLength;
    let start = this.#aheadStart;
    if (this.#aheadAt !== position) {
      length = search.search(position, MIN_MATCH - 1);
      start = search.start;
    }
    if (length < MIN_MATCH) return literal;
    if (lazy && position + 1 < this.#content.size) {
      if (length < enough) {
        const next = search.search(position + 1, length);
        if (next > length) {
          this.#aheadAt = position + 1;
          this.#aheadLength = next;
          this.#aheadStart = search.start;
          return literal;
        }
      } else {
        search.arrive(position + 1);
      }
    }
    return length * MATCH_UNIT + position - start;
  }

  /** This token was written there, as predicted or not. */
  accept(position: number, token: Token): void {
    if (this.#style.lazy || token < MATCH_UNIT) return;
    const length = token >>> 16;
    if (length <= this.#style.enough) this.#search.enterBefore(position + length);
    else this.#search.skipTo(position + length);
  }
}
