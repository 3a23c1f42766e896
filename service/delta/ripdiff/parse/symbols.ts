/** What a parse is made of, whatever packs it. */

export const KIND = {
  literal: 0,
  match: 1,
  /** One byte at the last distance. */
  short: 2,
  /** At the last distance, or the one before, and so on. */
  rep0: 3,
  rep1: 4,
  rep2: 5,
  rep3: 6,
} as const;
export type Kind = number;

export const REPS = 4;

/** Which matches a format knows. */
export interface SymbolRules {
  /** The least and the most bytes of a match; at most 511. */
  readonly minMatch: number;
  readonly maxMatch: number;
  /** Whether one byte may be repeated at the last distance. */
  readonly hasShort: boolean;
}

/** What a packer remembers of the symbols before. */
export interface History {
  /** The distances that the next match may repeat, by the number of its kind; 0: none. */
  readonly reps: Uint32Array;
  /** Below 16: what a format tells of the last symbols. */
  readonly state: number;
}
