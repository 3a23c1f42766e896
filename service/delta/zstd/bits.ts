/** Bits of Zstandard: written from the lowest up; most of them are read from the end back. */
import { damaged } from './format.ts';

const BYTE = 8;
/** So many can be taken at once, wherever they begin. */
export const MAX_BITS = 25;

function bitsAt(bytes: Uint8Array, position: number, count: number): number {
  const at = position >> 3;
  const word =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return (word >>> (position & 7)) & ((1 << count) - 1);
}

/** From the last byte back; where it ends the highest bit that is set says. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits that are left; less than none where more were taken than there are. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1] ?? 0;
    if (last === 0) throw damaged();
    this.#bytes = bytes;
    this.left = bytes.length * BYTE - Math.clz32(last << 24) - 1;
  }

  /** Up to `MAX_BITS`; zeros come before the beginning. */
  take(count: number): number {
    this.left -= count;
    return this.#at(this.left, count);
  }

  /** The next ones, which stay. */
  peek(count: number): number {
    return this.#at(this.left - count, count);
  }

  #at(position: number, count: number): number {
    if (position >= 0) return bitsAt(this.#bytes, position, count);
    if (position + count <= 0) return 0;
    return bitsAt(this.#bytes, 0, position + count) << -position;
  }

  /** @throws UnreadableStreamError unless all were taken, and none that is not there */
  end(): void {
    if (this.left !== 0) throw damaged();
  }
}

/** From the first byte on. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  peek(count: number): number {
    return bitsAt(this.#bytes, this.#position, count);
  }

  skip(count: number): void {
    this.#position += count;
  }

  take(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  /** Bytes that were begun. @throws UnreadableStreamError if there are not so many */
  get usedBytes(): number {
    const bytes = Math.ceil(this.#position / BYTE);
    if (bytes > this.#bytes.length) throw damaged();
    return bytes;
  }
}

export class BitWriter {
  #bytes = new Uint8Array(1 << 12);
  #size = 0;
  #held = 0;
  #heldBits = 0;

  /** `value` has no more bits than `count`, up to `MAX_BITS` less 1. */
  add(value: number, count: number): void {
    this.#held |= value << this.#heldBits;
    this.#heldBits += count;
    while (this.#heldBits >= BYTE) this.#put();
  }

  /** With a bit that marks the end, for whoever reads back. */
  finishMarked(): Uint8Array {
    this.add(1, 1);
    return this.finish();
  }

  /** A view, until something is added. */
  finish(): Uint8Array {
    if (this.#heldBits > 0) this.#put();
    const bytes = this.#bytes.subarray(0, this.#size);
    this.#size = 0;
    this.#held = 0;
    this.#heldBits = 0;
    return bytes;
  }

  #put(): void {
    if (this.#size === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#size);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#size++] = this.#held;
    this.#held >>>= BYTE;
    this.#heldBits -= BYTE;
  }
}
