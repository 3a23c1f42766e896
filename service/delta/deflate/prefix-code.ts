import type { BitReader } from './bits.ts';
import { MAX_CODE_BITS, UnreadableStreamError } from './format.ts';

/** Codes up to this length are looked up at once. */
const TABLE_BITS = 10;

/**
 * The code of each symbol, its bits turned round as the stream has them (RFC 1951, 3.2.2); meaningless where the length is 0.
 */
export function codesOf(lengths: Uint8Array): Uint16Array {
  const next = new Uint16Array(MAX_CODE_BITS + 2);
  for (const length of lengths) if (length > 0) next[length + 1] = (next[length + 1] ?? 0) + 1;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) next[bits] = ((next[bits - 1] ?? 0) + (next[bits] ?? 0)) << 1;
  const codes = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const code = next[length] ?? 0;
    next[length] = code + 1;
    codes[symbol] = turned(code, length);
  }
  return codes;
}

function turned(code: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((code >>> i) & 1) << (length - 1 - i);
  return result;
}

/** Reads the symbols of one code. */
export class PrefixReader {
  /** Symbol times 16 plus length; 0 where the code is longer or missing. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  readonly #counts = new Uint16Array(MAX_CODE_BITS + 1);
  /** In the order of their codes. */
  readonly #symbols: Uint16Array;

  /** @throws UnreadableStreamError unless the code is complete, has one symbol, or none */
  constructor(lengths: Uint8Array) {
    const counts = this.#counts;
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    const used = lengths.length - (counts[0] ?? 0);
    counts[0] = 0;
    let left = 1;
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      left = left * 2 - (counts[bits] ?? 0);
      if (left < 0) throw new UnreadableStreamError('a code has too many words');
    }
    if (left > 0 && used > 1) throw new UnreadableStreamError('a code lacks words');
    const offsets = new Uint16Array(MAX_CODE_BITS + 2);
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) offsets[bits + 1] = (offsets[bits] ?? 0) + (counts[bits] ?? 0);
    this.#symbols = new Uint16Array(used);
    const codes = codesOf(lengths);
    for (const [symbol, length] of lengths.entries()) {
      if (length === 0) continue;
      const place = offsets[length] ?? 0;
      offsets[length] = place + 1;
      this.#symbols[place] = symbol;
      if (length > TABLE_BITS) continue;
      for (let at = codes[symbol] ?? 0; at < 1 << TABLE_BITS; at += 1 << length) this.#table[at] = symbol * 16 + length;
    }
  }

  read(bits: BitReader): number {
    const found = this.#table[bits.peek(TABLE_BITS)] ?? 0;
    if (found === 0) return this.#readLong(bits);
    bits.skip(found & 15);
    return found >>> 4;
  }

  #readLong(reader: BitReader): number {
    const bits = reader.peek(MAX_CODE_BITS);
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      code = code * 2 + ((bits >>> (length - 1)) & 1);
      const count = this.#counts[length] ?? 0;
      if (code - first < count) {
        reader.skip(length);
        return this.#symbols[index + code - first] ?? 0;
      }
      index += count;
      first = (first + count) * 2;
    }
    throw new UnreadableStreamError('a word is in no code');
  }
}
