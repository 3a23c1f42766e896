import { DamagedDiffError } from '../damaged-diff.ts';
import type { BitReader } from './bit-reader.ts';
import { MAX_CODE_BITS, MAX_SYMBOLS } from './format.ts';

/** Codes of at most this length are found in one step. */
const FAST_BITS = 10;

/** A canonical prefix code, for reading: shorter codes have lower values, equal lengths go by symbol. */
export class CodeTable {
  /** By the next bits: symbol * 32 + length, 0 for what is longer or no code. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);
  readonly #symbols = new Uint16Array(MAX_SYMBOLS);
  /** By length: the first code that is too large for it, and what to add to a code to get its place among the symbols. */
  readonly #limit = new Int32Array(MAX_CODE_BITS + 1);
  readonly #offset = new Int32Array(MAX_CODE_BITS + 1);

  /** Sets the code from the length of each of the first `symbols`, 1 … 20. */
  build(lengths: Uint8Array, symbols: number): void {
    this.#fast.fill(0);
    let code = 0;
    let place = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      this.#offset[length] = place - code;
      for (let symbol = 0; symbol < symbols; symbol++) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[place++] = symbol;
        if (length <= FAST_BITS && code < 1 << length) {
          const from = code << (FAST_BITS - length);
          this.#fast.fill(symbol * 32 + length, from, from + (1 << (FAST_BITS - length)));
        }
        code++;
      }
      if (code > 1 << length) throw new DamagedDiffError('a code has more words than bits allow');
      this.#limit[length] = code;
      code <<= 1;
    }
  }

  read(bits: BitReader): number {
    const ahead = bits.peek(MAX_CODE_BITS);
    const entry = this.#fast[ahead >>> (MAX_CODE_BITS - FAST_BITS)] ?? 0;
    if (entry !== 0) {
      bits.skip(entry & 31);
      return entry >>> 5;
    }
    for (let length = FAST_BITS + 1; length <= MAX_CODE_BITS; length++) {
      const code = ahead >>> (MAX_CODE_BITS - length);
      if (code >= (this.#limit[length] ?? 0)) continue;
      bits.skip(length);
      return this.#symbols[code + (this.#offset[length] ?? 0)] ?? 0;
    }
    throw new DamagedDiffError('bits that are no code word');
  }
}
