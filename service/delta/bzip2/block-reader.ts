import { DamagedDiffError } from '../damaged-diff.ts';
import type { BitReader } from './bit-reader.ts';
import { CodeTable } from './code-table.ts';
import {
  GROUP_SYMBOLS,
  MAX_CODE_BITS,
  MAX_SELECTORS,
  MAX_SYMBOLS,
  MAX_TABLES,
  MIN_TABLES,
  RUN_B,
  RUN_START,
} from './format.ts';

const START_BYTES = 4096;

/** Reads blocks into memory that is used again, and gives their bytes as they stood before the sort. */
export class BlockReader {
  readonly #maxBytes: number;
  readonly #tables = Array.from({ length: MAX_TABLES }, () => new CodeTable());
  readonly #selectors = new Uint8Array(MAX_SELECTORS);
  readonly #lengths = new Uint8Array(MAX_SYMBOLS);
  /** Grows to what the largest block needs: most diffs are small. */
  #sorted = new Uint8Array(START_BYTES);
  /** Each byte in sorted order, and in the bits above it the entry of the byte that follows it. */
  #chain = new Uint32Array(0);
  /** What is still to be given, and in which entry it starts. */
  #left = 0;
  #entry = 0;
  /** The byte last given, how often in a row up to four, and how often it is still to be repeated. */
  #last = -1;
  #run = 0;
  #repeats = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True if all bytes of the block were given. */
  get done(): boolean {
    return this.#left === 0 && this.#repeats === 0;
  }

  /** Gives the next bytes to `target[from..to)`; up to where it got: `to`, unless the block is done. */
  give(target: Uint8Array, from: number, to: number): number {
    const chain = this.#chain;
    let made = from;
    let entry = this.#entry;
    let left = this.#left;
    let last = this.#last;
    let run = this.#run;
    let repeats = this.#repeats;
    while (made < to) {
      if (repeats > 0) {
        // A run has 255 bytes at most: a loop is done before `fill` is called.
        const end = Math.min(made + repeats, to);
        repeats -= end - made;
        while (made < end) target[made++] = last;
        continue;
      }
      if (left === 0) break;
      const link = chain[entry] ?? 0;
      const byte = link & 255;
      entry = link >>> 8;
      left--;
      if (run === RUN_START) {
        repeats = byte;
        run = 0;
        continue;
      }
      run = byte === last ? run + 1 : 1;
      last = byte;
      target[made++] = byte;
    }
    // A count of 0 may be all that is left: then the block is done now, not at the next call.
    if (run === RUN_START && left === 1) {
      repeats = (chain[entry] ?? 0) & 255;
      left = 0;
      run = 0;
    }
    this.#entry = entry;
    this.#left = left;
    this.#last = last;
    this.#run = run;
    this.#repeats = repeats;
    return made;
  }

  /** Reads a block from behind its checksum on. */
  read(bits: BitReader): void {
    if (bits.take(1) !== 0)
      throw new DamagedDiffError('its compressed data is randomised, as nothing has done for 25 years');
    const start = bits.take(24);
    const ranks = readBytesUsed(bits);
    const symbols = ranks.used + 2;
    const tables = bits.take(3);
    if (tables < MIN_TABLES || tables > MAX_TABLES) throw new DamagedDiffError(`${tables} code tables`);
    const selectors = this.#readSelectors(bits, tables);
    for (const table of this.#tables.slice(0, tables)) {
      this.#readLengths(bits, symbols);
      table.build(this.#lengths, symbols);
    }
    const size = this.#readSymbols(bits, ranks.list, symbols, selectors);
    if (start >= size) throw new DamagedDiffError('a block starts outside itself');
    this.#link(size);
    this.#entry = start;
    this.#left = size;
    this.#last = -1;
    this.#run = 0;
  }

  #readSelectors(bits: BitReader, tables: number): number {
    const count = bits.take(15);
    if (count === 0) throw new DamagedDiffError('a block without table selectors');
    const recent = Array.from({ length: tables }, (_, table) => table);
    for (let i = 0; i < count; i++) {
      let rank = 0;
      while (bits.take(1) === 1) {
        rank++;
        if (rank >= tables) throw new DamagedDiffError('a table that is not there');
      }
      const [table] = recent.splice(rank, 1);
      recent.unshift(table ?? 0);
      // Some encoders fill up with selectors that no block can use.
      if (i < MAX_SELECTORS) this.#selectors[i] = table ?? 0;
    }
    return Math.min(count, MAX_SELECTORS);
  }

  #readLengths(bits: BitReader, symbols: number): void {
    let length = bits.take(5);
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (;;) {
        if (length < 1 || length > MAX_CODE_BITS) throw new DamagedDiffError(`a code word of ${length} bits`);
        if (bits.take(1) === 0) break;
        length += bits.take(1) === 0 ? 1 : -1;
      }
      this.#lengths[symbol] = length;
    }
  }

  /** Undoes codes, runs and ranks into `#sorted`; its length. */
  #readSymbols(bits: BitReader, list: Uint8Array, symbols: number, selectors: number): number {
    const end = symbols - 1;
    let size = 0;
    let run = 0;
    let runUnit = 1;
    for (let group = 0; group < selectors; group++) {
      const table = this.#tables[this.#selectors[group] ?? 0];
      for (let i = 0; table && i < GROUP_SYMBOLS; i++) {
        const symbol = table.read(bits);
        if (symbol <= RUN_B) {
          run += symbol === RUN_B ? 2 * runUnit : runUnit;
          runUnit *= 2;
          if (run > this.#maxBytes - size) throw tooLong();
          continue;
        }
        if (run > 0) {
          this.#reserve(size + run);
          this.#sorted.fill(list[0] ?? 0, size, size + run);
          size += run;
          run = 0;
          runUnit = 1;
        }
        if (symbol === end) return size;
        if (size === this.#maxBytes) throw tooLong();
        const rank = symbol - 1;
        const byte = list[rank] ?? 0;
        if (rank < 16) for (let k = rank; k > 0; k--) list[k] = list[k - 1] ?? 0;
        else list.copyWithin(1, 0, rank);
        list[0] = byte;
        if (size === this.#sorted.length) this.#reserve(size + 1);
        this.#sorted[size++] = byte;
      }
    }
    throw new DamagedDiffError('a block without end');
  }

  #reserve(size: number): void {
    if (size <= this.#sorted.length) return;
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(size, this.#sorted.length * 2)));
    grown.set(this.#sorted);
    this.#sorted = grown;
  }

  /** The k-th of a byte in the last column is the k-th of that byte in the first (Burrows and Wheeler, 1994). */
  #link(size: number): void {
    if (this.#chain.length < size) this.#chain = new Uint32Array(this.#sorted.length);
    const sorted = this.#sorted;
    const chain = this.#chain;
    const slots = new Uint32Array(256);
    for (let i = 0; i < size; i++) {
      const byte = sorted[i] ?? 0;
      slots[byte] = (slots[byte] ?? 0) + 1;
    }
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = slots[byte] ?? 0;
      slots[byte] = sum;
      sum += count;
    }
    for (let i = 0; i < size; i++) {
      const byte = sorted[i] ?? 0;
      const slot = slots[byte] ?? 0;
      slots[byte] = slot + 1;
      chain[slot] = (i << 8) | byte;
    }
  }
}

/** Which bytes occur at all: 16 bits for groups of 16, then the bits of each group that has some. */
function readBytesUsed(bits: BitReader): { readonly list: Uint8Array; readonly used: number } {
  const list = new Uint8Array(256);
  let used = 0;
  const groups = bits.take(16);
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >>> group)) === 0) continue;
    const members = bits.take(16);
    for (let i = 0; i < 16; i++) if ((members & (0x8000 >>> i)) !== 0) list[used++] = group * 16 + i;
  }
  if (used === 0) throw new DamagedDiffError('a block that uses no byte');
  return { list, used };
}

function tooLong(): DamagedDiffError {
  return new DamagedDiffError('a block is longer than its stream allows');
}
