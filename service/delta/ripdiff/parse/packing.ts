import type { ContentMap } from './content-map.ts';
import { Foreseen } from './foreseen.ts';
import { MatchFinder } from './match-finder.ts';
import type { Parse } from './parse.ts';
import { type History, REPS, type SymbolRules } from './symbols.ts';

/** The work on one file: how far its form is packed, and all that is known about what comes next. */
export class Packing<W extends History> {
  readonly form: Uint8Array;
  /** Up to here the form is packed. */
  at = 0;
  /** Where the dictionary begins: no match goes further back. */
  start = 0;
  readonly writer: W;
  readonly rules: SymbolRules;
  readonly foreseen: Foreseen;
  readonly finder: MatchFinder;

  constructor(form: Uint8Array, map: ContentMap, old: Parse, writer: W, rules: SymbolRules) {
    this.form = form;
    this.writer = writer;
    this.rules = rules;
    this.foreseen = new Foreseen(form, map, old, rules);
    this.finder = new MatchFinder(form, rules);
  }

  /** By bits, what could be repeated at the last distances: one byte at the last of them, two at each. */
  repeatable(most: number): number {
    const { reps } = this.writer;
    let mask = 0;
    for (let i = 0; i < REPS; i++) {
      const distance = reps[i] ?? 0;
      if (distance === 0 || distance > this.at - this.start) continue;
      const length = this.foreseen.matchLength(this.at, distance, Math.min(most, 2));
      if (i === 0 && length > 0) mask |= 1;
      if (length > 1) mask |= 2 << i;
    }
    return mask;
  }
}
