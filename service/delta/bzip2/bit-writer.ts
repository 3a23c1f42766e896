/** Collects bits, the highest of each byte first. */
export class BitWriter {
  #bytes = new Uint8Array(4096);
  #size = 0;
  #bits = 0;
  #count = 0;

  /** The lowest `count` bits of `value`; at most 24. */
  put(value: number, count: number): void {
    this.#bits = (this.#bits << count) | value;
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      if (this.#size === this.#bytes.length) this.#grow();
      this.#bytes[this.#size++] = this.#bits >>> this.#count;
    }
  }

  put32(value: number): void {
    this.put(value >>> 16, 16);
    this.put(value & 0xffff, 16);
  }

  /** Fills the last byte with zeros; all bytes so far. */
  finish(): Uint8Array {
    if (this.#count > 0) this.put(0, 8 - this.#count);
    return this.#bytes.subarray(0, this.#size);
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
