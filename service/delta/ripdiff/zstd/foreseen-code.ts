import { highestBit } from '../../zstd/format.ts';
import { MAX_HUFFMAN_BITS } from '../../zstd/huffman.ts';

/** Literals that few do not need long codes. */
const SPARE_BITS = 1;

interface Node {
  readonly count: number;
  readonly symbols: readonly number[];
}

/**
 * The weights of a Huffman code that a packer likely makes for these literals, by symbol; the last is not 0. Empty where there is none. A
 * guess: whoever uses it says where it is wrong.
 */
export function foreseenWeights(literals: Uint8Array): Uint8Array {
  const histogram = new Uint32Array(256);
  for (const byte of literals) histogram[byte] = (histogram[byte] ?? 0) + 1;
  const leaves: Node[] = [];
  for (const [symbol, count] of histogram.entries()) if (count > 0) leaves.push({ count, symbols: [symbol] });
  if (leaves.length < 2) return new Uint8Array(0);
  const least = Math.min(highestBit(literals.length) + 1, highestBit(leaves.at(-1)?.symbols[0] ?? 1) + 2);
  const most = Math.min(MAX_HUFFMAN_BITS, highestBit(literals.length - 1) - SPARE_BITS);
  const limit = Math.min(MAX_HUFFMAN_BITS, Math.max(5, most, least));
  leaves.sort((a, b) => a.count - b.count || (b.symbols[0] ?? 0) - (a.symbols[0] ?? 0));
  const lengths = codeLengths(leaves);
  shorten(lengths, leaves, limit);
  const weights = new Uint8Array(histogram.findLastIndex((count) => count > 0) + 1);
  const longest = Math.max(...leaves.map(({ symbols: [symbol = 0] }) => lengths[symbol] ?? 0));
  for (const {
    symbols: [symbol = 0],
  } of leaves)
    weights[symbol] = longest + 1 - (lengths[symbol] ?? 0);
  return weights;
}

/** By symbol. `leaves`: rarest first. */
function codeLengths(leaves: readonly Node[]): Uint8Array {
  const lengths = new Uint8Array(256);
  const joined: Node[] = [];
  let [leaf, node] = [0, 0];
  const take = (): Node => {
    const [a, b] = [leaves[leaf], joined[node]];
    if (a && (!b || a.count < b.count)) {
      leaf++;
      return a;
    }
    node++;
    return b ?? NOTHING;
  };
  for (let i = 1; i < leaves.length; i++) {
    const [first, second] = [take(), take()];
    const symbols = [...first.symbols, ...second.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1;
    joined.push({ count: first.count + second.count, symbols });
  }
  return lengths;
}
const NOTHING: Node = { count: 0, symbols: [] };

/** Makes no code longer than `limit`: what the long ones then take too much, the rarest of the shorter ones give up. */
function shorten(lengths: Uint8Array, leaves: readonly Node[], limit: number): void {
  let over = -(2 ** limit);
  for (const {
    symbols: [symbol = 0],
  } of leaves) {
    lengths[symbol] = Math.min(limit, lengths[symbol] ?? 0);
    over += 2 ** (limit - (lengths[symbol] ?? 0));
  }
  for (let gain = limit; over > 0 && gain >= 0; gain--) {
    // The rarest symbol of which to lengthen the code gives up so much, but no more than needed.
    for (const {
      symbols: [symbol = 0],
    } of leaves) {
      const length = lengths[symbol] ?? 0;
      if (limit - length - 1 !== gain || 2 ** gain > over) continue;
      lengths[symbol] = length + 1;
      over -= 2 ** gain;
      if (over <= 0) return;
    }
  }
}
