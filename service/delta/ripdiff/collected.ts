const FIRST_BYTES = 1 << 14;

/** What comes in pieces, held whole. */
export class Collected {
  #bytes: Uint8Array;
  #size = 0;

  /** `likelyBytes`: then no copies are made on the way. What is not used of it costs nothing. */
  constructor(likelyBytes = 0) {
    this.#bytes = new Uint8Array(Math.max(FIRST_BYTES, likelyBytes));
  }

  add(part: Uint8Array): void {
    if (this.#size + part.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size + part.length, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#size);
    this.#size += part.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}
