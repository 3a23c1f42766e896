import { UnreadableStreamError } from '../deflate/format.ts';

/** Enough for any safe integer below 2^49. */
const MAX_NUMBER_BYTES = 7;

/** A number as xz files have them: 7 bits in each byte, the lowest first. */
export function numberBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** Reads such numbers, one after another. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** @throws UnreadableStreamError */
  next(): number {
    let value = 0;
    for (let i = 0; i < MAX_NUMBER_BYTES; i++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    throw new UnreadableStreamError('a number that is too long');
  }

  skip(bytes: number): void {
    this.at += bytes;
  }
}
