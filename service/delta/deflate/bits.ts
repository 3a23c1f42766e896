import { UnreadableStreamError } from './format.ts';

/** Reads bits, the lowest of each byte first (RFC 1951, 3.1.1), and nothing past the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #next: number;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#next = position;
  }

  /** The next `count` bits, at most 16, without taking them: zeros where the stream has ended. */
  peek(count: number): number {
    while (this.#count < count) {
      this.#bits |= (this.#bytes[this.#next++] ?? 0) << this.#count;
      this.#count += 8;
    }
    return this.#bits & ((1 << count) - 1);
  }

  skip(count: number): void {
    this.#bits >>>= count;
    this.#count -= count;
    if (this.bitPosition > this.#bytes.length * 8) throw new UnreadableStreamError('it ends too early');
  }

  take(count: number): number {
    const bits = this.peek(count);
    this.skip(count);
    return bits;
  }

  /** Counted from the start of the bytes. */
  get bitPosition(): number {
    return this.#next * 8 - this.#count;
  }

  /** Leaves the rest of a byte that was begun; answers the bits that were left. */
  align(): number {
    return this.take(this.#count & 7);
  }

  /** Whole bytes, after `align`; a view. */
  bytes(length: number): Uint8Array {
    const from = this.bitPosition / 8;
    if (from + length > this.#bytes.length) throw new UnreadableStreamError('it ends too early');
    this.#next = from + length;
    this.#bits = 0;
    this.#count = 0;
    return this.#bytes.subarray(from, from + length);
  }
}

/** Collects bits, the lowest of each byte first; more than `maxBytes` are refused. */
export class BitWriter {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(4096);
  #size = 0;
  #drained = 0;
  #bits = 0;
  #count = 0;

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  /** The lowest `count` bits of `value`, which has no others; at most 16. */
  put(value: number, count: number): void {
    this.#bits |= value << this.#count;
    this.#count += count;
    while (this.#count >= 8) {
      if (this.#size === this.#bytes.length) this.#grow(1);
      this.#bytes[this.#size++] = this.#bits;
      this.#bits >>>= 8;
      this.#count -= 8;
    }
  }

  /** Of what was not drained. */
  get bitCount(): number {
    return this.#size * 8 + this.#count;
  }

  align(): void {
    if (this.#count > 0) this.put(0, 8 - this.#count);
  }

  /** After `align`. */
  putBytes(bytes: Uint8Array): void {
    if (this.#size + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  /** Hands over the whole bytes so far; the array is used again. */
  drain(sink: (bytes: Uint8Array) => void): void {
    sink(this.#bytes.subarray(0, this.#size));
    this.#drained += this.#size;
    this.#size = 0;
  }

  /** All bytes that were not drained, the last one filled with zeros; a view. */
  finish(): Uint8Array {
    this.align();
    return this.#bytes.subarray(0, this.#size);
  }

  #grow(by: number): void {
    const size = this.#size + by;
    if (this.#drained + size > this.#maxBytes) throw new UnreadableStreamError(`more than ${this.#maxBytes} bytes`);
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
