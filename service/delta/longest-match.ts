/** Where the old file agrees longest with a place of the new one: binary search over the suffix array. */

/** Under this many bytes the table of pairs costs more than it saves. */
const TABLE_FROM_BYTES = 4096;
const PAIRS = 65_536;

export class LongestMatch {
  /** What the last `find` found. */
  length = 0;
  /** In the old file. */
  position = 0;
  readonly #old: Uint8Array;
  readonly #suffixes: Int32Array;
  /** Suffixes that begin with the pair of bytes `p` stand in the array from entry `p` to entry `p + 1` of this. */
  readonly #pairs: Int32Array | undefined;

  /** `suffixes`: the suffix array of `old`. */
  constructor(old: Uint8Array, suffixes: Int32Array) {
    this.#old = old;
    this.#suffixes = suffixes;
    this.#pairs = old.length < TABLE_FROM_BYTES ? undefined : pairTable(old);
  }

  /**
   * The longest match of `target` from `from` on, into `length` and `position`. A match under two bytes may be missed.
   * Takes time in proportion to the length found, times the logarithm of the old size at worst.
   */
  find(target: Uint8Array, from: number): void {
    const old = this.#old;
    const suffixes = this.#suffixes;
    const oldSize = old.length;
    const targetSize = target.length;
    let low = 0;
    let high = suffixes.length - 1;
    let lowSame = 0;
    let highSame = 0;
    const pairs = this.#pairs;
    if (pairs && from + 1 < targetSize) {
      const pair = (target[from] ?? 0) * 256 + (target[from + 1] ?? 0);
      low = pairs[pair] ?? 0;
      high = (pairs[pair + 1] ?? 0) - 1;
      lowSame = 2;
      highSame = 2;
    }
    let bestLength = 0;
    let bestPosition = 0;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const start = suffixes[middle] ?? 0;
      // All suffixes between two that agree with the target in this many bytes do so too.
      let same = lowSame < highSame ? lowSame : highSame;
      const room = Math.min(oldSize - start, targetSize - from);
      while (same < room && old[start + same] === target[from + same]) same++;
      if (same > bestLength) {
        bestLength = same;
        bestPosition = start;
      }
      if (from + same === targetSize) break;
      if (start + same === oldSize || (old[start + same] ?? 0) < (target[from + same] ?? 0)) {
        low = middle + 1;
        lowSame = same;
      } else {
        high = middle - 1;
        highSame = same;
      }
    }
    this.length = bestLength;
    this.position = bestPosition;
  }
}

function pairTable(old: Uint8Array): Int32Array {
  const table = new Int32Array(PAIRS + 1);
  let pair = old[0] ?? 0;
  for (let i = 1; i < old.length; i++) {
    pair = (pair & 255) * 256 + (old[i] ?? 0);
    table[pair] = (table[pair] ?? 0) + 1;
  }
  // The last byte alone is a suffix too: the first of those that begin with it.
  const lastPair = (old[old.length - 1] ?? 0) * 256;
  let sum = 0;
  for (let p = 0; p <= PAIRS; p++) {
    if (p === lastPair) sum++;
    const count = table[p] ?? 0;
    table[p] = sum;
    sum += count;
  }
  return table;
}

/** One search without a table: the longest match of `target` from `from` on in `old`. */
export function longestMatch(
  suffixes: Int32Array,
  old: Uint8Array,
  target: Uint8Array,
  from: number,
): { readonly position: number; readonly length: number } {
  const match = new LongestMatch(old, suffixes);
  match.find(target, from);
  return { position: match.position, length: match.length };
}
