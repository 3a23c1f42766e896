const FIRST_BYTES = 1 << 14;
/** Twice as much each time, up to here: of much more a quarter. */
const DOUBLED_BYTES = 1 << 24;

/** What comes in pieces, held whole. */
export class Collected {
  #bytes = new Uint8Array(FIRST_BYTES);
  #size = 0;

  add(part: Uint8Array): void {
    if (this.#size + part.length > this.#bytes.length) {
      const { length } = this.#bytes;
      const grown = new Uint8Array(
        Math.max(this.#size + part.length, length < DOUBLED_BYTES ? length * 2 : length + length / 4),
      );
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
