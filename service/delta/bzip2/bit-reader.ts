import type { ByteSource } from '../byte-source.ts';
import { DamagedDiffError } from '../damaged-diff.ts';

const WINDOW_BYTES = 32_768;

/** Reads bits, the highest of each byte first, out of one section of a source. */
export class BitReader {
  readonly #source: ByteSource;
  readonly #window: Uint8Array;
  readonly #end: number;
  /** In the source: where the next window starts. */
  #next: number;
  #at = 0;
  #filled = 0;
  #bits = 0;
  #count = 0;

  /** The section `start..end` lies inside the source. */
  constructor(source: ByteSource, start: number, end: number) {
    this.#source = source;
    this.#next = start;
    this.#end = end;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, end - start));
  }

  /** The next `count` bits, at most 24, without taking them. A stream ends with 80 bits that are no code, so looking ahead never hits its end. */
  peek(count: number): number {
    while (this.#count < count) {
      if (this.#at === this.#filled) this.#refill();
      this.#bits = (this.#bits << 8) | (this.#window[this.#at++] ?? 0);
      this.#count += 8;
    }
    return (this.#bits >>> (this.#count - count)) & ((1 << count) - 1);
  }

  /** Takes bits that were looked at. */
  skip(count: number): void {
    this.#count -= count;
  }

  /** Takes the next `count` bits, at most 24. */
  take(count: number): number {
    const bits = this.peek(count);
    this.#count -= count;
    return bits;
  }

  take32(): number {
    return this.take(16) * 65_536 + this.take(16);
  }

  /** Leaves the rest of a byte that was begun; the source position right after. */
  endPosition(): number {
    return this.#next - this.#filled + this.#at - (this.#count >> 3);
  }

  #refill(): void {
    const wanted = Math.min(this.#window.length, this.#end - this.#next);
    if (wanted === 0) throw new DamagedDiffError('its compressed data ends too soon');
    const window = this.#window.subarray(0, wanted);
    this.#source.readAt(window, this.#next);
    this.#next += wanted;
    this.#filled = wanted;
    this.#at = 0;
  }
}
