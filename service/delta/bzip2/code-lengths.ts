/** bzip2 itself takes 20, and writes 17. */
const MAX_WRITTEN_BITS = 17;

/**
 * Lengths of the words of a prefix code that is best for symbols of these counts (Huffman, 1952). Each symbol gets a
 * word, for each may occur. Where words would be longer than 17 bits the counts are drawn together and it starts again.
 */
export function codeLengths(counts: Uint32Array): Uint8Array {
  const symbols = counts.length;
  const weights = Float64Array.from(counts, (count) => Math.max(count, 1));
  for (;;) {
    const lengths = huffmanLengths(weights);
    if (lengths.every((length) => length <= MAX_WRITTEN_BITS)) return lengths;
    for (let symbol = 0; symbol < symbols; symbol++) weights[symbol] = 1 + Math.floor((weights[symbol] ?? 0) / 2);
  }
}

/** At least two weights. Leaves stand sorted, and inner nodes come out sorted, so the two lightest are always in front. */
function huffmanLengths(weights: Float64Array): Uint8Array {
  const leaves = weights.length;
  const order = Array.from(weights.keys()).sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0) || a - b);
  const nodes = 2 * leaves - 1;
  const weight = new Float64Array(nodes);
  for (const [place, symbol] of order.entries()) weight[place] = weights[symbol] ?? 0;
  const parent = new Uint16Array(nodes);
  let leaf = 0;
  let inner = leaves;
  for (let node = leaves; node < nodes; node++) {
    for (let child = 0; child < 2; child++) {
      const takeLeaf = leaf < leaves && (inner === node || (weight[leaf] ?? 0) <= (weight[inner] ?? 0));
      const lightest = takeLeaf ? leaf++ : inner++;
      parent[lightest] = node;
      weight[node] = (weight[node] ?? 0) + (weight[lightest] ?? 0);
    }
  }
  const depth = new Uint8Array(nodes);
  for (let node = nodes - 2; node >= 0; node--) depth[node] = (depth[parent[node] ?? 0] ?? 0) + 1;
  const lengths = new Uint8Array(leaves);
  for (const [place, symbol] of order.entries()) lengths[symbol] = depth[place] ?? 0;
  return lengths;
}

/** The words of the canonical code with these lengths. */
export function codeWords(lengths: Uint8Array): Uint32Array {
  const words = new Uint32Array(lengths.length);
  let word = 0;
  for (let length = 1; length <= MAX_WRITTEN_BITS; length++) {
    for (const [symbol, its] of lengths.entries()) if (its === length) words[symbol] = word++;
    word *= 2;
  }
  return words;
}
