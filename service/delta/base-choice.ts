/** From which old file a new one is best made: one of the same name, or the one that looks most like it. Pure. */

export interface OldCandidate {
  readonly path: string;
  readonly sizeBytes: number;
  /** It is in the new tree as well: likely the base of nothing else. */
  readonly stays: boolean;
}

export interface Sketches {
  old(index: number): ContentSketch | undefined;
  wanted(): ContentSketch | undefined;
}

/** Below this a file is cheap from nothing, and has too few shingles to be compared by. */
export const MIN_SKETCH_BYTES = 4096;
const SKETCH_SIZE = 1024;
/** Of a smaller file one shingle in so many is kept. */
const SAMPLED = 64;
const SHINGLE_BYTES = 12;
/** Fewer common shingles than this are chance. */
export const MIN_COMMON = 5;
/** A smaller part in common is a licence that both begin with. */
const MIN_SHARE = 1 / 13;
/** Of so many files with the same name the first will do. */
const MAX_NAMESAKES = 64;

/** Answers which candidate, if any. Names go first: they cost nothing to compare, and a sketch reads the file. */
export class BaseChoice {
  readonly #old: readonly OldCandidate[];
  readonly #byPath = new Map<string, number>();
  readonly #byVersionedPath = new Map<string, number[]>();
  readonly #byVersionedName = new Map<string, number[]>();

  constructor(old: readonly OldCandidate[]) {
    this.#old = old;
    for (const [index, { path }] of old.entries()) {
      this.#byPath.set(path, index);
      add(this.#byVersionedPath, withoutVersion(path), index);
      add(this.#byVersionedName, withoutVersion(nameOf(path)), index);
    }
  }

  choose(path: string, sizeBytes: number, sketches: Sketches): number | undefined {
    const same = this.#byPath.get(path);
    if (same !== undefined) return same;
    const byName =
      this.#nearest(this.#byVersionedPath.get(withoutVersion(path)), path, sizeBytes) ??
      this.#nearest(this.#byVersionedName.get(withoutVersion(nameOf(path))), path, sizeBytes);
    if (byName !== undefined || sizeBytes < MIN_SKETCH_BYTES) return byName;
    return this.#mostAlike(sketches);
  }

  /** Of several namesakes one that goes away, then one whose path begins alike, then one of nearly the same size. */
  #nearest(indexes: readonly number[] | undefined, path: string, sizeBytes: number): number | undefined {
    let best: { index: number; rank: readonly number[] } | undefined;
    for (const index of indexes ?? []) {
      const candidate = this.#old[index];
      if (!candidate || !comparable(candidate.sizeBytes, sizeBytes)) continue;
      const rank = [
        candidate.stays ? 0 : 1,
        commonPrefix(candidate.path, path),
        -Math.abs(candidate.sizeBytes - sizeBytes),
      ];
      if (!best || compareRanks(rank, best.rank) > 0) best = { index, rank };
    }
    return best?.index;
  }

  #mostAlike(sketches: Sketches): number | undefined {
    const wanted = sketches.wanted();
    if (!wanted) return undefined;
    let best: number | undefined;
    let most = 0;
    for (const [index, { stays, sizeBytes }] of this.#old.entries()) {
      if (stays || sizeBytes < MIN_SKETCH_BYTES) continue;
      const sketch = sketches.old(index);
      if (!sketch) continue;
      const { common, of } = overlapOf(wanted, sketch);
      const share = common / Math.max(of, 1);
      if (common < MIN_COMMON || share < MIN_SHARE || share <= most) continue;
      best = index;
      most = share;
    }
    return best;
  }
}

/** A sample of a file's shingles: all whose hash is below `limit`, ascending. */
export interface ContentSketch {
  readonly hashes: Uint32Array;
  readonly limit: number;
}

/**
 * Every shingle whose hash falls below one in `SAMPLED`, but of a large file only the smallest (A. Broder, On the resemblance and
 * containment of documents, 1997): so a part of a file is known for one, too.
 */
export function sketchOf(bytes: Uint8Array): ContentSketch {
  const smallest = new Set<number>();
  let limit = Math.floor(2 ** 32 / SAMPLED);
  let rolling = 0;
  for (let at = 0; at < bytes.length; at++) {
    // Powers of 31 above the shingle's length are taken out again, so the value depends on the shingle alone.
    rolling = (Math.imul(rolling, 31) + (bytes[at] ?? 0)) | 0;
    if (at >= SHINGLE_BYTES) rolling = (rolling - Math.imul(OUT, bytes[at - SHINGLE_BYTES] ?? 0)) | 0;
    if (at + 1 < SHINGLE_BYTES) continue;
    let hash = Math.imul(rolling ^ (rolling >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    hash = (hash ^ (hash >>> 15)) >>> 0;
    if (hash >= limit) continue;
    smallest.add(hash);
    if (smallest.size < 2 * SKETCH_SIZE) continue;
    const kept = Uint32Array.from(smallest).sort().subarray(0, SKETCH_SIZE);
    smallest.clear();
    for (const value of kept) smallest.add(value);
    limit = (kept.at(-1) ?? limit - 1) + 1;
  }
  const hashes = Uint32Array.from(smallest).sort();
  if (hashes.length <= SKETCH_SIZE) return { hashes, limit };
  return { hashes: hashes.slice(0, SKETCH_SIZE), limit: (hashes[SKETCH_SIZE - 1] ?? 0) + 1 };
}

/** 31 to the power of the shingle's length. */
const OUT = Array.from({ length: SHINGLE_BYTES }).reduce<number>((power) => Math.imul(power, 31), 1);

export interface Overlap {
  readonly common: number;
  /** Shingles of the first that the second would have if it held all of the first. */
  readonly of: number;
}

/** How much of `part` is found in `whole`, in shingles that both sketches would show. */
export function overlapOf(part: ContentSketch, whole: ContentSketch): Overlap {
  const { hashes: a } = part;
  const { hashes: b } = whole;
  let common = 0;
  let of = 0;
  for (let i = 0, j = 0; i < a.length && (a[i] ?? 0) < whole.limit; i++, of++) {
    const value = a[i] ?? 0;
    while (j < b.length && (b[j] ?? 0) < value) j++;
    if (b[j] === value) common++;
  }
  return { common, of };
}

/** `libssl.so.1.1` and `libssl.so.3` become one, and so do folders that bear a version. */
function withoutVersion(path: string): string {
  return path.replace(/[0-9]+(?:[.~+_-][0-9]+)*/g, '#');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function add(map: Map<string, number[]>, key: string, index: number): void {
  const list = map.get(key);
  if (!list) map.set(key, [index]);
  else if (list.length < MAX_NAMESAKES) list.push(index);
}

function comparable(a: number, b: number): boolean {
  return a > 0 && a <= 8 * b + MIN_SKETCH_BYTES && b <= 8 * a + MIN_SKETCH_BYTES;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
