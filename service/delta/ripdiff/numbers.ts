import { BitModels } from './bit-models.ts';
import type { BitCoder } from './range-coder.ts';

const LENGTHS = 64;
const TOP_BITS = 3;
const PER_CONTEXT = LENGTHS + 48 * 8 + 48 * 48;
const MAX_WIDTH = 47;

/** Whole numbers from 0 to 2^47 - 2 whose size is what adapts: bit length by a tree, then the top bits, then the rest. */
export class NumberModels {
  private readonly bits: BitModels;

  constructor(contexts: number, limit = 127) {
    this.bits = new BitModels(contexts * PER_CONTEXT, limit);
  }

  code(coder: BitCoder, context: number, value: number): number {
    const base = context * PER_CONTEXT;
    const plus = value + 1;
    let width = 0;
    if (coder.encoding) for (let rest = plus; rest >= 2; rest = Math.floor(rest / 2)) width++;
    width = Math.min(this.bits.codeTree(coder, base, 6, width), MAX_WIDTH);
    let result = 1;
    for (let i = width - 1; i >= 0; i--) {
      const bit = coder.encoding ? Math.floor(plus / 2 ** i) % 2 : 0;
      const slot =
        width - i <= TOP_BITS ? LENGTHS + width * 8 + (result < 8 ? result : 0) : LENGTHS + 48 * 8 + width * 48 + i;
      result = result * 2 + this.bits.code(coder, base + slot, bit);
    }
    return result - 1;
  }

  /** Signed, by zigzag. */
  codeSigned(coder: BitCoder, context: number, value: number): number {
    const folded = this.code(coder, context, value >= 0 ? value * 2 : -value * 2 - 1);
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }
}
