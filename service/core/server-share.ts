/**
 * A class that gets the same at the same time asks the server for each piece once: every piece has laptops that are first
 * to ask for it, by a hash of their id and the piece (highest random weight: Thaler and Ravishankar, "Using name-based
 * mappings to increase hit rates", IEEE/ACM ToN 6(1), 1998), so that nobody has to agree with anybody. Pure.
 */
import type { Sha256 } from './ports.ts';

/** When nothing moved for so long, pieces of twice as many others are taken over: they may not reach the server, or be gone. */
const TAKE_OVER_MS = 3000;

/** Who begins at the same time has not said so yet: for so long all that lack a version are taken to want it, too. */
const CLASS_FORMS_MS = 5000;

/** Whether a class that began so long ago is still coming together; then all who lack the version are rivals, later those who get it. */
export function isForming(sinceMs: number): boolean {
  return sinceMs < CLASS_FORMS_MS;
}

/**
 * Whether `own` is to ask the server for a piece, while the laptops `others` want it, too. `standingMs`: since anything
 * came to it, or to a laptop near that it lacked. What only is slow, as on a machine that has much to do, is not taken over.
 */
export function isOursToAsk(own: string, others: readonly string[], piece: Sha256, standingMs: number): boolean {
  const first = 2 ** Math.min(20, Math.floor(standingMs / TAKE_OVER_MS));
  if (first > others.length) return true;
  const mine = weight(own, piece);
  let before = 0;
  for (const other of others) {
    if (weight(other, piece) > mine) before += 1;
    if (before >= first) return false;
  }
  return true;
}

/** FNV-1a over the id, begun from the piece (draft-eastlake-fnv), and mixed once more so that near ids lie apart. */
function weight(id: string, piece: Sha256): number {
  let hash = Number.parseInt(piece.slice(0, 8), 16) ^ 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
