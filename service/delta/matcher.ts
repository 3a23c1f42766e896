/**
 * Finds which parts of the new file come from where in the old one, tolerating scattered changes: Percival, "Naive
 * differences of executable code" (2003). The longest match of each place is found by suffix array; a match starts a
 * new block only if it explains clearly more than going on as before; then the blocks grow towards each other for as
 * long as at least half of the bytes agree.
 */
import { BlockList, type Blocks } from './blocks.ts';
import { LongestMatch } from './longest-match.ts';
import { suffixArray } from './suffix-array.ts';

export interface MatchOptions {
  /** Bytes that a match must explain beyond what the present alignment explains, to start a block: 8 unless told. */
  readonly gain?: number;
  /** So many more, to start one far from where the block before went on: to say where costs more then. None unless told. */
  readonly farGain?: number;
  /** Called about once per MiB with the bytes of `target` that are done. */
  readonly onProgress?: (doneBytes: number) => void;
}

const GAIN = 8;
/** Bytes between the place of a match and where the present alignment would go on. */
const FAR_BYTES = 2048;
const PROGRESS_BYTES = 1 << 20;
/**
 * Inside a match with at least this much left, the rest of the match is taken for the longest instead of searching
 * again. A better one that starts there is found a little later, and grows backwards. Without this, one long repeat that
 * the present alignment explains almost wholly costs the square of its length; with it, all searches together look at
 * no more than a few times the new file, times the logarithm of the old size.
 */
const KEPT_BYTES = 32;

/**
 * Blocks that make `target` from `old`, in the order of `target`, which they cover exactly. Both may be transformed
 * views; `suffixes` is the suffix array of `old` if the caller has it. No block is empty.
 */
export function matchBlocks(
  old: Uint8Array,
  target: Uint8Array,
  suffixes: Int32Array = suffixArray(old),
  options: MatchOptions = {},
): Blocks {
  const { gain = GAIN, farGain = 0 } = options;
  const blocks = new BlockList();
  const match = new LongestMatch(old, suffixes);
  const oldSize = old.length;
  const size = target.length;
  // The block that is being made starts here; its bytes agree along `offset`.
  let blockStart = 0;
  let blockOldStart = 0;
  let offset = 0;
  let scan = 0;
  let length = 0;
  let position = 0;
  let reportAt = PROGRESS_BYTES;
  while (scan < size) {
    scan += length;
    length = 0;
    if (scan >= reportAt) {
      options.onProgress?.(scan);
      reportAt = scan + PROGRESS_BYTES;
    }
    // How many bytes from `scan` to `counted` the present alignment explains.
    let explained = 0;
    let counted = scan;
    for (; scan < size; scan++) {
      if (length > KEPT_BYTES) {
        length--;
        position++;
      } else {
        match.find(target, scan);
        length = match.length;
        position = match.position;
      }
      for (; counted < scan + length; counted++) {
        if (counted + offset < oldSize && old[counted + offset] === target[counted]) explained++;
      }
      const wanted = Math.abs(position - scan - offset) > FAR_BYTES ? gain + farGain : gain;
      if ((length === explained && length !== 0) || length > explained + wanted) break;
      if (scan + offset < oldSize && old[scan + offset] === target[scan]) explained--;
    }
    if (length === explained && scan < size) continue;
    let forward = growForward(old, blockOldStart, target, blockStart, scan);
    let backward = scan < size ? growBackward(old, position, target, scan, blockStart) : 0;
    const overlap = blockStart + forward - (scan - backward);
    if (overlap > 0) {
      const at = scan - backward;
      const first = bestSplit(old, blockOldStart + at - blockStart, position - backward, target, at, overlap);
      forward -= overlap - first;
      backward -= first;
    }
    const extra = scan - backward - (blockStart + forward);
    if (forward + extra > 0) blocks.push(forward, extra, blockOldStart);
    blockStart = scan - backward;
    blockOldStart = position - backward;
    offset = position - scan;
  }
  return blocks;
}

/** Length from both starts on, at most up to `end`, that has the most agreeing bytes over the differing ones. */
function growForward(old: Uint8Array, oldStart: number, target: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end - start, old.length - oldStart);
  let gained = 0;
  let best = 0;
  let length = 0;
  for (let i = 0; i < limit; i++) {
    gained += old[oldStart + i] === target[start + i] ? 1 : -1;
    if (gained > best) {
      best = gained;
      length = i + 1;
    }
  }
  return length;
}

/** The same before both ends, not beyond `start`. */
function growBackward(old: Uint8Array, oldEnd: number, target: Uint8Array, end: number, start: number): number {
  const limit = Math.min(end - start, oldEnd);
  let gained = 0;
  let best = 0;
  let length = 0;
  for (let i = 1; i <= limit; i++) {
    gained += old[oldEnd - i] === target[end - i] ? 1 : -1;
    if (gained > best) {
      best = gained;
      length = i;
    }
  }
  return length;
}

/** Of `length` bytes from `start` on that two alignments claim: how many the first keeps so that most bytes agree. */
function bestSplit(
  old: Uint8Array,
  first: number,
  second: number,
  target: Uint8Array,
  start: number,
  length: number,
): number {
  let gained = 0;
  let best = 0;
  let split = 0;
  for (let i = 0; i < length; i++) {
    const byte = target[start + i];
    if (byte === old[first + i]) gained++;
    if (byte === old[second + i]) gained--;
    if (gained > best) {
      best = gained;
      split = i + 1;
    }
  }
  return split;
}
