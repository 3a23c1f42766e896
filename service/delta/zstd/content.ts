import { damaged } from './format.ts';

const FIRST_BYTES = 1 << 16;
/** From here on it grows by a part of itself: both are held while the one is copied. */
const LARGE_BYTES = 1 << 25;
const LARGE_GROWTH = 1.25;

/** What comes out of frames: grows, up to a bound. */
export class Content {
  #bytes: Uint8Array;
  size = 0;
  /** It may grow so far. */
  limit = 0;

  constructor(expected: number) {
    this.#bytes = new Uint8Array(Math.max(FIRST_BYTES, expected));
  }

  /** A view of all so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  literal(byte: number): void {
    if (this.size >= this.limit || this.size === this.#bytes.length) this.#grow(1);
    this.#bytes[this.size++] = byte;
  }

  add(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  fill(byte: number, count: number): void {
    this.#grow(count);
    this.#bytes.fill(byte, this.size, this.size + count);
    this.size += count;
  }

  /** `distance` is no more than what is there. */
  repeat(distance: number, count: number): void {
    this.#grow(count);
    const bytes = this.#bytes;
    let to = this.size;
    for (const end = to + count; to < end; to++) bytes[to] = bytes[to - distance] ?? 0;
    this.size = to;
  }

  #grow(count: number): void {
    const needed = this.size + count;
    if (needed > this.limit) throw damaged();
    if (needed <= this.#bytes.length) return;
    const { length } = this.#bytes;
    const more = Math.ceil(length * (length < LARGE_BYTES ? 2 : LARGE_GROWTH));
    const grown = new Uint8Array(Math.max(needed, Math.min(this.limit, more)));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}
