/** What a file's blocks say of the old file: where each part of it went. */
import type { Blocks } from '../blocks.ts';

export const PAGE_BITS = 12;

/** For each page of the old file, how many pieces begin before it. */
export function pageIndex(pieces: readonly Piece[]): Uint32Array {
  const last = pieces.at(-1)?.start ?? 0;
  const pages = new Uint32Array((last >>> PAGE_BITS) + 2);
  let page = 0;
  for (const [i, { start }] of pieces.entries()) for (; page * 2 ** PAGE_BITS <= start; page++) pages[page] = i;
  pages.fill(pieces.length, page);
  return pages;
}

export interface Piece {
  readonly start: number;
  end: number;
  readonly shift: number;
}

/** Blocks by old position without overlap: of two that claim a place the longer has it. */
export function flatten(blocks: Blocks): Piece[] {
  const { count, addBytes, extraBytes, oldPositions } = blocks;
  const all: Piece[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = oldPositions[i] ?? 0;
    const length = addBytes[i] ?? 0;
    if (length > 0) all.push({ start, end: start + length, shift: at - start });
    at += length + (extraBytes[i] ?? 0);
  }
  all.sort((a, b) => a.start - b.start || b.end - a.end || a.shift - b.shift);
  const kept: Piece[] = [];
  for (const piece of all) settle(kept, piece);
  return kept;
}

/** Adds a piece to those before it. They stay in order and apart: a search among them must not depend on where it begins. */
function settle(kept: Piece[], piece: Piece): void {
  for (;;) {
    const before = kept[kept.length - 1];
    if (!before || piece.start >= before.end) {
      kept.push(piece);
      return;
    }
    if (piece.end - piece.start <= before.end - before.start) {
      if (piece.end > before.end) kept.push({ start: before.end, end: piece.end, shift: piece.shift });
      return;
    }
    if (before.start < piece.start) {
      before.end = piece.start;
      kept.push(piece);
      return;
    }
    // What is left of a piece that lost to an earlier one can begin after this one: it goes, and the one before it is next.
    kept.pop();
  }
}
