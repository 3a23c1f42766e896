/**
 * Which contents of a version a laptop has so far: one bit for each, told while it is getting the version, so that a class
 * can begin to give before anybody has all of it. Pure. A map is a hint: what comes is hashed all the same.
 */
import type { Entry } from './entry.ts';
import type { Sha256 } from './ports.ts';

/** Every content of a version once, in the order of its manifest: what the bits of its maps stand for. */
export function piecesOf(entries: readonly Entry[]): readonly Sha256[] {
  const pieces = new Set<Sha256>();
  for (const entry of entries) if (entry.type === 'file') pieces.add(entry.sha256);
  return [...pieces];
}

/** Bytes of a map of so many pieces. */
export function pieceMapBytes(pieces: number): number {
  return Math.ceil(pieces / 8);
}

/** Piece `i` is bit `i % 8`, from the lowest, of byte `i / 8`. */
export function formatPieceMap(pieces: readonly Sha256[], has: (sha256: Sha256) => boolean): Uint8Array {
  const map = new Uint8Array(pieceMapBytes(pieces.length));
  for (const [index, sha256] of pieces.entries()) {
    if (has(sha256)) map[index >> 3] = (map[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return map;
}

/** Whether the map says that piece `index` is there; of a map that is too short, no. */
export function hasPiece(map: Uint8Array, index: number): boolean {
  return (((map[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}
