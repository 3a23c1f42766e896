import type { ContentMap } from './content-map.ts';
import { OldSymbols } from './old-symbols.ts';
import { GAP, type Parse } from './parse.ts';
import { KIND, type Kind, REPS, type SymbolRules } from './symbols.ts';

/** The kind where nothing is foreseen. */
export const NOTHING = GAP;

/** What the next symbol of the new parse likely is: the one of the old parse at the place that the content comes from. */
export class Foreseen {
  kind: Kind = NOTHING;
  length = 0;
  /** 0: none. */
  distance = 0;
  /** So many bytes could be matched at that distance. */
  full = 0;
  /** The kind of the old symbol, and that of the next one. */
  oldKind: Kind = NOTHING;
  nextKind: Kind = NOTHING;
  /** The old symbol begins at this place, not before it. */
  isAligned = false;
  /** The place was copied from the old content: else the old place is only one beside it. */
  isCopied = false;
  readonly #content: Uint8Array;
  readonly #map: ContentMap;
  readonly #symbols: OldSymbols;
  readonly #rules: SymbolRules;

  constructor(content: Uint8Array, map: ContentMap, old: Parse, rules: SymbolRules) {
    this.#rules = rules;
    this.#content = content;
    this.#map = map;
    this.#symbols = new OldSymbols(old);
  }

  /**
   * Looks at `at`, where a symbol may stand for `most` bytes, and `start` is the first byte that a match may repeat. `reps`: the last
   * distances.
   */
  look(at: number, start: number, most: number, reps: Uint32Array): void {
    this.#reset();
    const old = this.#map.toOld(at);
    if (old === undefined) return;
    const symbols = this.#symbols;
    symbols.seek(old);
    this.isCopied = this.#map.isCopied(at);
    this.isAligned = symbols.isAligned;
    this.oldKind = symbols.kind;
    this.nextKind = symbols.nextKind;
    if (this.oldKind === NOTHING) return;
    this.kind = KIND.literal;
    this.length = 1;
    if (this.oldKind === KIND.literal) return;
    this.distance = this.#newDistance(at, old, symbols.distance, start);
    if (this.distance === 0) return;
    this.full = this.matchLength(at, this.distance, most);
    const length = Math.min(symbols.left, this.full);
    let which = 0;
    while (which < REPS && reps[which] !== this.distance) which++;
    if (length >= this.#rules.minMatch) {
      this.kind = which === REPS ? KIND.match : KIND.rep0 + which;
      this.length = length;
    } else if (length === 1 && which === 0 && this.#rules.hasShort) {
      this.kind = KIND.short;
    }
  }

  #reset(): void {
    this.kind = NOTHING;
    this.length = 0;
    this.distance = 0;
    this.full = 0;
    this.oldKind = NOTHING;
    this.nextKind = NOTHING;
    this.isAligned = false;
    this.isCopied = false;
  }

  /** What the old symbol repeats may have moved by another way than the symbol itself. */
  #newDistance(at: number, old: number, oldDistance: number, start: number): number {
    const source = this.#map.toNew(old - oldDistance);
    if (source !== undefined && source < at && source >= start) return at - source;
    return oldDistance <= at - start ? oldDistance : 0;
  }

  /** How many of the next bytes are those `distance` bytes before. */
  matchLength(at: number, distance: number, most: number): number {
    const content = this.#content;
    const end = at + Math.min(most, this.#rules.maxMatch);
    let to = at;
    while (to < end && content[to] === content[to - distance]) to++;
    return to - at;
  }
}
