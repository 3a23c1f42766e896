/**
 * Suffix sorting by induced sorting: Nong, Zhang, Chan, "Two efficient algorithms for linear time suffix array
 * construction" (2009). Linear time for every input. The text of the recursion lies in the array that is being built, so
 * the peak is 7 bytes per byte of input, its own byte included.
 *
 * A suffix is *falling* if it is larger than the one that starts a byte later, else *rising*; a *seed* is a rising suffix
 * right after a falling one. Sorted seeds give the order of the falling suffixes in one pass from the left, and those the
 * order of the rising ones in one pass from the right. What is behind the last byte counts as smaller than any byte.
 */
type Text = Uint8Array | Int32Array;

/** Longest input: positions are kept in 31 bits. */
export const MAX_SUFFIXES = 0x7fff_fffe;

/** The positions of all suffixes of `bytes` in the order of their bytes; a suffix that is the start of another goes first. They are put into `order`. */
export function suffixArray(
  bytes: Uint8Array,
  order = new Int32Array(Math.min(bytes.length, MAX_SUFFIXES)),
): Int32Array {
  if (bytes.length > MAX_SUFFIXES) throw new RangeError(`${bytes.length} bytes are too many to sort`);
  sortSuffixes(bytes, order, 256);
  return order;
}

/** `order` is as long as `text` and comes back sorted; every symbol of `text` is below `symbols`. */
function sortSuffixes(text: Text, order: Int32Array, symbols: number): void {
  const length = text.length;
  if (length < 2) {
    order.fill(0);
    return;
  }
  const seeds = sortSeedPieces(text, order, symbols);
  const names = nameSeedPieces(text, order, seeds);
  if (names < seeds) {
    const reduced = order.subarray(length - seeds);
    sortSuffixes(reduced, order.subarray(0, seeds), names);
    listSeeds(text, reduced);
    for (let i = 0; i < seeds; i++) order[i] = reduced[order[i] ?? 0] ?? 0;
  }
  induceFromSeeds(text, order, seeds, symbols);
}

/**
 * Sorts the pieces of text from each seed to the next by inducing from unsorted seeds.
 * @returns how many seeds there are; their positions stand in `order` from 0 on, by the order of their pieces
 */
function sortSeedPieces(text: Text, order: Int32Array, symbols: number): number {
  const length = text.length;
  const slots = new Int32Array(symbols);
  order.fill(0);
  bucketEnds(text, slots);
  let next = text[length - 1] ?? 0;
  let rising = false;
  for (let i = length - 2; i >= 0; i--) {
    const symbol = text[i] ?? 0;
    if (symbol < next) rising = true;
    else if (symbol > next && rising) {
      rising = false;
      const slot = (slots[next] ?? 0) - 1;
      slots[next] = slot;
      order[slot] = i + 1;
    }
    next = symbol;
  }
  // Only what the other pass starts from is kept: a falling suffix with a rising one before it, marked by its complement.
  bucketStarts(text, slots);
  putLast(text, order, slots);
  for (let i = 0; i < length; i++) {
    const position = order[i] ?? 0;
    if (position < 0) order[i] = ~position;
    else if (position > 0) {
      const before = position - 1;
      const symbol = text[before] ?? 0;
      const slot = slots[symbol] ?? 0;
      slots[symbol] = slot + 1;
      order[slot] = before > 0 && (text[before - 1] ?? 0) < symbol ? ~before : before;
      order[i] = 0;
    }
  }
  bucketEnds(text, slots);
  for (let i = length - 1; i >= 0; i--) {
    const position = order[i] ?? 0;
    if (position <= 0) continue;
    const before = position - 1;
    const symbol = text[before] ?? 0;
    const slot = (slots[symbol] ?? 0) - 1;
    slots[symbol] = slot;
    order[slot] = before > 0 && (text[before - 1] ?? 0) > symbol ? ~before : before;
    order[i] = 0;
  }
  let seeds = 0;
  for (let i = 0; i < length; i++) {
    const position = order[i] ?? 0;
    if (position < 0) order[seeds++] = ~position;
  }
  return seeds;
}

/**
 * Numbers the pieces: equal ones get the same number.
 * @returns how many different ones there are. If some are equal, the numbers in text order are the last `seeds` of `order`
 */
function nameSeedPieces(text: Text, order: Int32Array, seeds: number): number {
  const length = text.length;
  // Two seeds are never neighbours, so half a position is still its own; the array has room for that behind the seeds.
  order.fill(0, seeds);
  let next = text[length - 1] ?? 0;
  let rising = false;
  // The piece that runs into the end equals no other: it keeps length 0.
  let end = -1;
  for (let i = length - 2; i >= 0; i--) {
    const symbol = text[i] ?? 0;
    if (symbol < next) rising = true;
    else if (symbol > next && rising) {
      rising = false;
      order[seeds + ((i + 1) >> 1)] = end < 0 ? 0 : end - i;
      end = i + 1;
    }
    next = symbol;
  }
  let names = 0;
  let last = 0;
  let lastLength = 0;
  for (let i = 0; i < seeds; i++) {
    const seed = order[i] ?? 0;
    const slot = seeds + (seed >> 1);
    const pieceLength = order[slot] ?? 0;
    let same = pieceLength === lastLength && pieceLength > 0;
    for (let at = 0; same && at < pieceLength; at++) same = text[seed + at] === text[last + at];
    if (!same) names++;
    order[slot] = names;
    last = seed;
    lastLength = pieceLength;
  }
  if (names < seeds) {
    let to = length - 1;
    for (let from = length - 1; from >= seeds; from--) {
      const name = order[from] ?? 0;
      if (name > 0) order[to--] = name - 1;
    }
  }
  return names;
}

/** Fills `list` with the positions of the seeds in text order. */
function listSeeds(text: Text, list: Int32Array): void {
  let to = list.length;
  let next = text[text.length - 1] ?? 0;
  let rising = false;
  for (let i = text.length - 2; i >= 0; i--) {
    const symbol = text[i] ?? 0;
    if (symbol < next) rising = true;
    else if (symbol > next && rising) {
      rising = false;
      list[--to] = i + 1;
    }
    next = symbol;
  }
}

/** The first `seeds` of `order` are the sorted seeds; all other suffixes are put in between. */
function induceFromSeeds(text: Text, order: Int32Array, seeds: number, symbols: number): void {
  const length = text.length;
  const slots = new Int32Array(symbols);
  order.fill(0, seeds);
  bucketEnds(text, slots);
  for (let i = seeds - 1; i >= 0; i--) {
    const seed = order[i] ?? 0;
    order[i] = 0;
    const symbol = text[seed] ?? 0;
    const slot = (slots[symbol] ?? 0) - 1;
    slots[symbol] = slot;
    order[slot] = seed;
  }
  // A positive entry has a suffix of the pass's own kind before it. What was used, or is for the other pass, is
  // complemented on the way, and so is the empty slot and suffix 0; the second pass complements those back.
  bucketStarts(text, slots);
  putLast(text, order, slots);
  for (let i = 0; i < length; i++) {
    const position = order[i] ?? 0;
    order[i] = ~position;
    if (position <= 0) continue;
    const before = position - 1;
    const symbol = text[before] ?? 0;
    const slot = slots[symbol] ?? 0;
    slots[symbol] = slot + 1;
    order[slot] = before > 0 && (text[before - 1] ?? 0) < symbol ? ~before : before;
  }
  bucketEnds(text, slots);
  for (let i = length - 1; i >= 0; i--) {
    const position = order[i] ?? 0;
    if (position <= 0) {
      order[i] = ~position;
      continue;
    }
    const before = position - 1;
    const symbol = text[before] ?? 0;
    const slot = (slots[symbol] ?? 0) - 1;
    slots[symbol] = slot;
    order[slot] = before === 0 || (text[before - 1] ?? 0) > symbol ? ~before : before;
  }
}

/** The last suffix is what the end of the text induces. */
function putLast(text: Text, order: Int32Array, slots: Int32Array): void {
  const last = text.length - 1;
  const symbol = text[last] ?? 0;
  const slot = slots[symbol] ?? 0;
  slots[symbol] = slot + 1;
  order[slot] = (text[last - 1] ?? 0) < symbol ? ~last : last;
}

// Counted anew each time: a second array of counts would cost up to 2 bytes per byte of input.
function bucketStarts(text: Text, slots: Int32Array): void {
  countSymbols(text, slots);
  let sum = 0;
  for (let symbol = 0; symbol < slots.length; symbol++) {
    const count = slots[symbol] ?? 0;
    slots[symbol] = sum;
    sum += count;
  }
}

function bucketEnds(text: Text, slots: Int32Array): void {
  countSymbols(text, slots);
  let sum = 0;
  for (let symbol = 0; symbol < slots.length; symbol++) {
    sum += slots[symbol] ?? 0;
    slots[symbol] = sum;
  }
}

function countSymbols(text: Text, slots: Int32Array): void {
  slots.fill(0);
  for (let i = 0; i < text.length; i++) {
    const symbol = text[i] ?? 0;
    slots[symbol] = (slots[symbol] ?? 0) + 1;
  }
}
