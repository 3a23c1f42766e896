import { suffixArray } from '../suffix-array.ts';

/**
 * The Burrows-Wheeler transform of a block that is not empty: its rotations sorted, the last byte of each, and which of
 * them is the block itself. Rotations sort as suffixes do if the block is turned so that its least rotation comes first
 * (Giancarlo, Restivo, Sciortino, "From first principles to the Burrows and Wheeler transform and beyond", 2007).
 */
export function sortRotations(block: Uint8Array): { readonly last: Uint8Array; readonly start: number } {
  const size = block.length;
  const turn = leastRotation(block);
  const turned = new Uint8Array(size);
  turned.set(block.subarray(turn));
  turned.set(block.subarray(0, turn), size - turn);
  const order = suffixArray(turned);
  const last = new Uint8Array(size);
  const wanted = turn === 0 ? 0 : size - turn;
  let start = 0;
  for (let i = 0; i < size; i++) {
    const position = order[i] ?? 0;
    if (position === wanted) start = i;
    last[i] = turned[position === 0 ? size - 1 : position - 1] ?? 0;
  }
  return { last, start };
}

/** Where the least rotation begins. Two candidates run against each other; what loses takes all it passed with it. */
function leastRotation(block: Uint8Array): number {
  const size = block.length;
  let a = 0;
  let b = 1;
  let same = 0;
  while (a < size && b < size && same < size) {
    const left = block[a + same < size ? a + same : a + same - size] ?? 0;
    const right = block[b + same < size ? b + same : b + same - size] ?? 0;
    if (left === right) {
      same++;
      continue;
    }
    if (left > right) a += same + 1;
    else b += same + 1;
    if (a === b) b++;
    same = 0;
  }
  return Math.min(a, b);
}
