/** What this laptop tells others of a version that it is getting: which contents they can have from it already. */
import { formatPieceMap } from '../core/piece-map.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';

interface Shown {
  readonly manifest: Sha256;
  readonly pieces: readonly Sha256[];
  /** Looked for again each time; what is here stays. */
  readonly missing: Map<Sha256, BlobRef>;
  map: Uint8Array;
  untilMs: number;
}

/** However many ask, the disk is looked at only so often. */
const KEPT_MS = 500;

export class PieceBoard {
  readonly #has: (ref: BlobRef) => boolean;
  readonly #nowMs: () => number;
  #shown: Shown | undefined;

  /** @param has the blob lies here whole and checked. */
  constructor(has: (ref: BlobRef) => boolean, nowMs: () => number) {
    this.#has = has;
    this.#nowMs = nowMs;
  }

  /** From now on this version is told of. `missing`: contents that are not in any tree here. */
  show(manifest: Sha256, pieces: readonly Sha256[], missing: readonly BlobRef[]): void {
    const refs = new Map(missing.map((ref) => [ref.sha256, ref]));
    this.#shown = { manifest, pieces, missing: refs, map: new Uint8Array(0), untilMs: Number.NEGATIVE_INFINITY };
  }

  clear(): void {
    this.#shown = undefined;
  }

  /** The map of a version, by its manifest; `undefined`: it is not being got here. */
  map(manifest: Sha256): Uint8Array | undefined {
    const shown = this.#shown;
    if (shown?.manifest !== manifest) return undefined;
    const now = this.#nowMs();
    if (now >= shown.untilMs) {
      for (const [sha256, ref] of shown.missing) if (this.#has(ref)) shown.missing.delete(sha256);
      shown.map = formatPieceMap(shown.pieces, (sha256) => !shown.missing.has(sha256));
      shown.untilMs = now + KEPT_MS;
    }
    return shown.map;
  }
}
