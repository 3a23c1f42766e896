const MAX_PROBES = 256;

/**
 * Values by name, where a name is known by 64 bits of hash: libraries have a hundred thousand names, which as strings cost more than
 * all else. Two names with one hash are taken for the same, by both sides alike; that may cost bytes, as any wrong guess.
 */
export class NameTable {
  count = 0;
  private hashes = new Int32Array(2048);
  private values = new Float64Array(1024);
  /** Entry number plus 1 by hash, open addressing. */
  private slots = new Int32Array(2048);
  private first = 0;
  private second = 0;

  /** The name that `add` adds next: `b[start..end)`. Answers whether it is one. */
  name(b: Uint8Array, start: number, end: number): boolean {
    let first = 0x811c9dc5 | 0;
    let second = end - start;
    for (let i = start; i < end; i++) {
      const byte = b[i] ?? 0;
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second + byte, 0x2c1b3c6d) ^ (second >>> 15);
    }
    this.first = first;
    this.second = second;
    return end > start;
  }

  /** As `name`, made of the name of an entry. */
  nameLike(entry: number): void {
    this.first = Math.imul((this.hashes[2 * entry] ?? 0) + 1, 0x27d4eb2d);
    this.second = this.hashes[2 * entry + 1] ?? 0;
  }

  /** Adds a value for the current name in a namespace; a name that is taken (another version of the symbol) gets a count. Answers the entry. */
  add(namespace: number, value: number): number {
    let first = (this.first + Math.imul(namespace, 0x632be5ab)) | 0;
    let slot = this.find(first, this.second);
    for (let n = 1; n < 8 && (this.slots[slot] ?? 0) !== 0; n++) {
      first = (first + 0x3c6ef35f) | 0;
      slot = this.find(first, this.second);
    }
    const taken = (this.slots[slot] ?? 0) - 1;
    const entry = taken >= 0 ? taken : this.count++;
    if (entry === this.values.length) this.grow();
    this.values[entry] = value;
    this.hashes[2 * entry] = first;
    this.hashes[2 * entry + 1] = this.second;
    this.slots[taken >= 0 ? slot : this.find(first, this.second)] = entry + 1;
    return entry;
  }

  value(entry: number): number {
    return this.values[entry] ?? 0;
  }

  /** The value of the same name as that of an entry of another table. */
  valueLike(other: NameTable, entry: number): number | undefined {
    const slot = this.find(other.hashes[2 * entry] ?? 0, other.hashes[2 * entry + 1] ?? 0);
    const found = (this.slots[slot] ?? 0) - 1;
    return found < 0 ? undefined : this.values[found];
  }

  /** The slot that holds this name, or the free one where it would be. */
  private find(first: number, second: number): number {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    let slot = (Math.imul(first ^ second, 0x9e3779b1) >>> 8) & mask;
    // Names that somebody chose so that they crowd are taken for one another rather than searched for long.
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const entry = (slots[slot] ?? 0) - 1;
      if (entry < 0 || (hashes[2 * entry] === first && hashes[2 * entry + 1] === second)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const hashes = new Int32Array(this.hashes.length * 2);
    hashes.set(this.hashes);
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.hashes = hashes;
    this.values = values;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let entry = 0; entry < this.count - 1; entry++)
      this.slots[this.find(hashes[2 * entry] ?? 0, hashes[2 * entry + 1] ?? 0)] = entry + 1;
  }
}
