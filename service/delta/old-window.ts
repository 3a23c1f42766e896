import type { ByteSource } from './byte-source.ts';

const WINDOW_BYTES = 4096;

/** Reads an old file here and there, without holding it. Small reads one after the other cost one real read. */
export class OldWindow {
  readonly #source: ByteSource;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #end = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Fills `target[from..to)` with what is at `position`, which may be outside the file: there it is zeros. */
  read(target: Uint8Array, from: number, to: number, position: number): void {
    const size = this.#source.sizeBytes;
    const first = Math.min(to, from + Math.max(0, -position));
    const last = Math.max(first, Math.min(to, from + size - position));
    target.fill(0, from, first);
    target.fill(0, last, to);
    if (first === last) return;
    const start = position + first - from;
    const end = position + last - from;
    if (end - start > WINDOW_BYTES) {
      this.#source.readAt(target.subarray(first, last), start);
      return;
    }
    if (start < this.#start || end > this.#end) {
      this.#start = start;
      this.#end = Math.min(size, start + WINDOW_BYTES);
      this.#source.readAt(this.#window.subarray(0, this.#end - start), start);
    }
    for (let i = 0; i < end - start; i++) target[first + i] = this.#window[start - this.#start + i] ?? 0;
  }
}
