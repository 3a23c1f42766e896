import { type History, KIND, type Kind, REPS } from '../ripdiff/parse/symbols.ts';

/** A match that is longer than `MAX_PIECE` goes on. */
export const GOES_ON: Kind = KIND.rep3;
const FIRST = [1, 4, 8] as const;
const MAX_RUN = 11;

/** The last distances of Zstandard (RFC 8878, 3.1.1.5), and which of them the next match may repeat. */
export class SequenceHistory implements History {
  readonly reps = new Uint32Array(REPS);
  /** Literals since the last match, up to 11. */
  state = 0;
  #last: readonly [number, number, number] = FIRST;

  /** A frame begins. */
  beginFrame(): void {
    this.#last = FIRST;
    this.beginBlock();
  }

  beginBlock(): void {
    this.state = 0;
    this.#afterMatch(0);
  }

  literal(): void {
    if (this.state === 0) {
      this.reps.set(this.#last);
      this.reps[REPS - 1] = 0;
    }
    if (this.state < MAX_RUN) this.state++;
  }

  match(kind: Kind, distance: number): void {
    const [first, second, third] = this.#last;
    if (kind === GOES_ON) return;
    const isAtOnce = this.state === 0;
    const which = kind === KIND.match ? 3 : kind - KIND.rep0 + (isAtOnce ? 1 : 0);
    if (which === 1) this.#last = [second, first, third];
    else if (which > 1) this.#last = [distance, first, second];
    this.state = 0;
    this.#afterMatch(distance);
  }

  #afterMatch(distance: number): void {
    const [first, second, third] = this.#last;
    this.reps[0] = second;
    this.reps[1] = third;
    this.reps[2] = first - 1;
    this.reps[REPS - 1] = distance;
  }
}
