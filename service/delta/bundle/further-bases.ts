/** Which file besides its usual base a new content has most in common with: an old one, or a new one that comes before it. */
import type { BlobRef, Sha256 } from '../../core/ports.ts';
import { type ContentSketch, MIN_COMMON, MIN_SKETCH_BYTES, sketchOf } from '../base-choice.ts';
import { comparableForm } from '../comparable.ts';
import { MAX_FURTHER_BYTES } from './format.ts';

/** By so many of its shingles a file is found; then all that are known are compared. */
const INDEXED = 64;
/** Those with most of them are looked at. */
const LOOKED_AT = 3;
/** A smaller part that the usual base doesn't have is not worth the look. */
const MIN_GAIN = 1 / 32;

/** Sketches of contents, each made once. */
export class Sketches {
  readonly #known = new Map<Sha256, ContentSketch>();

  of({ sha256, sizeBytes }: BlobRef, read: () => Uint8Array): ContentSketch | undefined {
    if (sizeBytes < MIN_SKETCH_BYTES) return undefined;
    const sketch = this.#known.get(sha256) ?? sketchOf(comparableForm(read()));
    this.#known.set(sha256, sketch);
    return sketch;
  }
}

export interface Candidate extends BlobRef {
  /** Number of an old file, or of a new content. */
  readonly from: { readonly kind: 'old' | 'new'; readonly number: number };
  readonly sketch: () => ContentSketch | undefined;
}

export interface Found {
  readonly candidate: Candidate;
  /** It has much more in common with the content than the usual base has. */
  readonly isBetter: boolean;
}

export class FurtherBases {
  readonly #candidates: Candidate[] = [];
  readonly #byShingle = new Map<number, number>();
  #indexed = 0;

  /** It is looked at when first something is searched. */
  add(candidate: Candidate): void {
    if (candidate.sizeBytes >= MIN_SKETCH_BYTES && candidate.sizeBytes <= MAX_FURTHER_BYTES)
      this.#candidates.push(candidate);
  }

  get isEmpty(): boolean {
    return this.#candidates.length === 0;
  }

  /** `usual`: what its usual base has. */
  find(wanted: ContentSketch, usual: ContentSketch | undefined): Found | undefined {
    this.#index();
    const hits = new Map<number, number>();
    const covered = new Set(usual?.hashes);
    for (const hash of wanted.hashes) {
      const id = covered.has(hash) ? undefined : this.#byShingle.get(hash);
      if (id !== undefined) hits.set(id, (hits.get(id) ?? 0) + 1);
    }
    const likely = [...hits].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, LOOKED_AT);
    let best: Found | undefined;
    let most = 0;
    for (const [id] of likely) {
      const candidate = this.#candidates[id];
      const sketch = candidate?.sketch();
      if (!candidate || !sketch) continue;
      const { gain, theirs, its, of } = compare(wanted, covered, usual?.limit ?? sketch.limit, sketch);
      const share = gain / Math.max(of, 1);
      if (gain < MIN_COMMON || share < MIN_GAIN || share <= most) continue;
      most = share;
      best = { candidate, isBetter: its > 2 * theirs };
    }
    return best;
  }

  #index(): void {
    for (; this.#indexed < this.#candidates.length; this.#indexed++) {
      const hashes = this.#candidates[this.#indexed]?.sketch()?.hashes ?? [];
      // Of files that are alike the last one is found: its models are the freshest.
      for (let i = 0; i < Math.min(hashes.length, INDEXED); i++) this.#byShingle.set(hashes[i] ?? 0, this.#indexed);
    }
  }
}

/** In shingles of `wanted` that both others would show if they had them. */
function compare(
  wanted: ContentSketch,
  covered: ReadonlySet<number>,
  limit: number,
  other: ContentSketch,
): { readonly gain: number; readonly theirs: number; readonly its: number; readonly of: number } {
  const has = new Set(other.hashes);
  const [found, end] = [{ gain: 0, theirs: 0, its: 0, of: 0 }, Math.min(limit, other.limit)];
  for (const hash of wanted.hashes) {
    if (hash >= end) break;
    found.of++;
    if (covered.has(hash)) found.theirs++;
    if (has.has(hash)) found.its++;
    if (has.has(hash) && !covered.has(hash)) found.gain++;
  }
  return found;
}
