import { BlockList, type Blocks } from './blocks.ts';
import { suffixArray } from './suffixes.ts';

export interface MatchOptions {
  /** Bytes that a new alignment must explain beyond what the present one does. */
  readonly gain: number;
}

/**
 * Finds copied blocks that tolerate scattered changes (Percival, "Naive differences of executable code", 2003): the longest match of each place
 * by suffix array, extended both ways while more than half of the bytes agree.
 */
export function findBlocks(old: Uint8Array, target: Uint8Array, options: MatchOptions): Blocks {
  const blocks = new BlockList();
  const suffixes = suffixArray(old, 255);
  const oldSize = old.length;
  const newSize = target.length;
  let scan = 0;
  let length = 0;
  let position = 0;
  let lastScan = 0;
  let lastPosition = 0;
  let lastOffset = 0;
  while (scan < newSize) {
    let score = 0;
    scan += length;
    let counted = scan;
    for (; scan < newSize; scan++) {
      const found = search(suffixes, old, target, scan);
      length = found.length;
      position = found.position;
      for (; counted < scan + length; counted++) {
        if (counted + lastOffset < oldSize && old[counted + lastOffset] === target[counted]) score++;
      }
      if ((length === score && length !== 0) || length > score + options.gain) break;
      if (scan + lastOffset < oldSize && old[scan + lastOffset] === target[scan]) score--;
    }
    if (length === score && scan !== newSize) continue;
    let forward = 0;
    for (let i = 0, same = 0, best = 0; lastScan + i < scan && lastPosition + i < oldSize; ) {
      if (old[lastPosition + i] === target[lastScan + i]) same++;
      i++;
      if (same * 2 - i > best * 2 - forward) {
        best = same;
        forward = i;
      }
    }
    let backward = 0;
    if (scan < newSize) {
      for (let i = 1, same = 0, best = 0; scan >= lastScan + i && position >= i; i++) {
        if (old[position - i] === target[scan - i]) same++;
        if (same * 2 - i > best * 2 - backward) {
          best = same;
          backward = i;
        }
      }
    }
    const overlap = lastScan + forward - (scan - backward);
    if (overlap > 0) {
      let score2 = 0;
      let best = 0;
      let split = 0;
      for (let i = 0; i < overlap; i++) {
        if (target[lastScan + forward - overlap + i] === old[lastPosition + forward - overlap + i]) score2++;
        if (target[scan - backward + i] === old[position - backward + i]) score2--;
        if (score2 > best) {
          best = score2;
          split = i + 1;
        }
      }
      forward += split - overlap;
      backward -= split;
    }
    const extra = scan - backward - (lastScan + forward);
    if (forward + extra > 0) blocks.push(forward, extra, lastPosition);
    lastScan = scan - backward;
    lastPosition = position - backward;
    lastOffset = position - scan;
  }
  return blocks;
}

function search(
  suffixes: Int32Array,
  old: Uint8Array,
  target: Uint8Array,
  from: number,
): { length: number; position: number } {
  let low = 0;
  let high = suffixes.length - 1;
  let lowSame = 0;
  let highSame = 0;
  let best = 0;
  let position = 0;
  const newSize = target.length;
  const oldSize = old.length;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const start = suffixes[middle] ?? 0;
    let same = Math.min(lowSame, highSame);
    while (start + same < oldSize && from + same < newSize && old[start + same] === target[from + same]) same++;
    if (same > best) {
      best = same;
      position = start;
    }
    if (from + same >= newSize) break;
    if (start + same >= oldSize || (old[start + same] ?? 0) < (target[from + same] ?? 0)) {
      low = middle + 1;
      lowSame = same;
    } else {
      high = middle - 1;
      highSame = same;
    }
  }
  return { length: best, position };
}
