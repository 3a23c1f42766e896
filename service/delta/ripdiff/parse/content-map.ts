import type { Blocks } from '../../blocks.ts';

/** Keys of blocks are sorted as one number: old position, then number. */
const NUMBER_UNIT = 2 ** 20;

/** Which place of the new form comes from which of the old one, and the other way round, as the blocks say. */
export class ContentMap {
  readonly #blocks: Blocks;
  /** Where each block begins in the new form; one more for the end. */
  readonly #starts: Uint32Array;
  /** Numbers of blocks, by old position. */
  readonly #order: Uint32Array;
  #current = 0;

  constructor(blocks: Blocks) {
    const { count } = blocks;
    this.#blocks = blocks;
    this.#starts = new Uint32Array(count + 1);
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + (blocks.addBytes[i] ?? 0) + (blocks.extraBytes[i] ?? 0);
      keys[i] = (blocks.oldPositions[i] ?? 0) * NUMBER_UNIT + i;
    }
    this.#order = Uint32Array.from(keys.sort(), (key) => key % NUMBER_UNIT);
  }

  /**
   * The old place that a new one comes from; for bytes of its own the one beside it. Undefined outside. Asked for ever
   * later places.
   */
  toOld(position: number): number | undefined {
    const { count, oldPositions } = this.#blocks;
    while (this.#current < count && position >= (this.#starts[this.#current + 1] ?? 0)) this.#current++;
    if (this.#current >= count) return undefined;
    return (oldPositions[this.#current] ?? 0) + position - (this.#starts[this.#current] ?? 0);
  }

  /** Whether what `toOld` answered last is a place that was copied. */
  isCopied(position: number): boolean {
    return position - (this.#starts[this.#current] ?? 0) < (this.#blocks.addBytes[this.#current] ?? 0);
  }

  /** Where an old place went: in the block that `toOld` answered from, or another; undefined if nowhere. */
  toNew(old: number): number | undefined {
    const here = this.#within(this.#current, old);
    if (here !== undefined) return here;
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks.oldPositions[this.#order[middle] ?? 0] ?? 0) <= old) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && i >= low - 3; i--) {
      const found = this.#within(this.#order[i] ?? 0, old);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #within(block: number, old: number): number | undefined {
    const offset = old - (this.#blocks.oldPositions[block] ?? 0);
    return offset >= 0 && offset < (this.#blocks.addBytes[block] ?? 0)
      ? (this.#starts[block] ?? 0) + offset
      : undefined;
  }
}
