/**
 * Lengths of a prefix code as zlib and gzip choose them: Huffman's algorithm (1952) over a binary heap that settles ties by
 * depth, then words that would be too long are shortened. Any optimal code would do for a reader; these very lengths are
 * what makes the same bytes.
 */
export function buildLengths(frequencies: Uint32Array, maxBits: number): Uint8Array {
  const heap = new Heap(frequencies);
  const size = frequencies.length;
  const lengths = new Uint8Array(2 * size);
  const parents = new Uint16Array(2 * size);
  /** From the last joined to the first. */
  const joined: number[] = [];
  for (let node = size; heap.count >= 2; node++) {
    const rarest = heap.take();
    const second = heap.first;
    joined.push(rarest, second);
    parents[rarest] = node;
    parents[second] = node;
    heap.join(rarest, second, node);
  }
  const counts = new Uint16Array(maxBits + 1);
  let tooLong = 0;
  for (let i = joined.length - 1; i >= 0; i--) {
    const node = joined[i] ?? 0;
    let bits = (lengths[parents[node] ?? 0] ?? 0) + 1;
    if (bits > maxBits) {
      bits = maxBits;
      tooLong++;
    }
    lengths[node] = bits;
    if (node < size) counts[bits] = (counts[bits] ?? 0) + 1;
  }
  if (tooLong > 0) shorten(lengths, counts, joined, size, tooLong);
  return lengths.subarray(0, size);
}

function shorten(lengths: Uint8Array, counts: Uint16Array, joined: readonly number[], size: number, tooLong: number) {
  const maxBits = counts.length - 1;
  for (let left = tooLong; left > 0; left -= 2) {
    let bits = maxBits - 1;
    while (counts[bits] === 0) bits--;
    counts[bits] = (counts[bits] ?? 0) - 1;
    counts[bits + 1] = (counts[bits + 1] ?? 0) + 2;
    counts[maxBits] = (counts[maxBits] ?? 0) - 1;
  }
  let at = 0;
  for (let bits = maxBits; bits > 0; bits--) {
    for (let left = counts[bits] ?? 0; left > 0 && at < joined.length; at++) {
      const node = joined[at] ?? 0;
      if (node >= size) continue;
      lengths[node] = bits;
      left--;
    }
  }
}

/** The rarest first; of equally rare ones that with the lower tree. */
class Heap {
  readonly #nodes: Uint16Array;
  readonly #frequencies: Uint32Array;
  readonly #depths: Uint8Array;
  count = 0;

  /** A code has at least two words, so the first symbols are made up where needed. */
  constructor(frequencies: Uint32Array) {
    const size = frequencies.length;
    this.#nodes = new Uint16Array(size + 2);
    this.#frequencies = new Uint32Array(2 * size);
    this.#frequencies.set(frequencies);
    this.#depths = new Uint8Array(2 * size);
    let last = -1;
    for (let symbol = 0; symbol < size; symbol++) {
      if (frequencies[symbol] === 0) continue;
      this.#nodes[++this.count] = symbol;
      last = symbol;
    }
    while (this.count < 2) {
      const added = last < 2 ? ++last : 0;
      this.#nodes[++this.count] = added;
      this.#frequencies[added] = 1;
    }
    for (let at = this.count >> 1; at >= 1; at--) this.#sink(at);
  }

  get first(): number {
    return this.#nodes[1] ?? 0;
  }

  take(): number {
    const { first } = this;
    this.#nodes[1] = this.#nodes[this.count--] ?? 0;
    this.#sink(1);
    return first;
  }

  /** `b` is the first: `node` takes its place, with both below it. */
  join(a: number, b: number, node: number): void {
    this.#frequencies[node] = (this.#frequencies[a] ?? 0) + (this.#frequencies[b] ?? 0);
    this.#depths[node] = Math.max(this.#depths[a] ?? 0, this.#depths[b] ?? 0) + 1;
    this.#nodes[1] = node;
    this.#sink(1);
  }

  #sink(from: number): void {
    const nodes = this.#nodes;
    const moving = nodes[from] ?? 0;
    let at = from;
    for (let child = at * 2; child <= this.count; child *= 2) {
      if (child < this.count && this.#before(nodes[child + 1] ?? 0, nodes[child] ?? 0)) child++;
      if (this.#before(moving, nodes[child] ?? 0)) break;
      nodes[at] = nodes[child] ?? 0;
      at = child;
    }
    nodes[at] = moving;
  }

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#frequencies[a] ?? 0, this.#frequencies[b] ?? 0];
    return left < right || (left === right && (this.#depths[a] ?? 0) <= (this.#depths[b] ?? 0));
  }
}
