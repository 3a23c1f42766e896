import { UnreadableStreamError } from '../../deflate/format.ts';

const FIRST_BYTES = 1 << 14;

/** A file that is written piece by piece, and may become no larger than was said. */
export class Output {
  #bytes = new Uint8Array(FIRST_BYTES);
  size = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws UnreadableStreamError if it becomes too large */
  add(part: Uint8Array): void {
    const size = this.size + part.length;
    if (size > this.#maxBytes) throw new UnreadableStreamError(`the diff makes more than ${this.#maxBytes} bytes`);
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(this.#maxBytes, this.#bytes.length * 2)));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.size);
    this.size = size;
  }

  /** Writes over what is there. */
  put(at: number, part: Uint8Array): void {
    this.#bytes.set(part, at);
  }

  /** A view of what was written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }
}
