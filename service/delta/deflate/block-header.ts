import { type BitReader, BitWriter } from './bits.ts';
import {
  type CodeLengths,
  DISTANCE_CODES,
  END_OF_BLOCK,
  LENGTH_CODE_ORDER,
  LENGTH_CODES,
  LITERAL_CODES,
  REPEAT_BITS,
  REPEAT_LEAST,
  UnreadableStreamError,
} from './format.ts';
import { codesOf, PrefixReader } from './prefix-code.ts';
import { buildLengths } from './tree.ts';

/** The header of a block with codes of its own (RFC 1951, 3.2.7), after the three bits of its kind. */
export function readHeader(bits: BitReader): CodeLengths {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  if (literalCount > LITERAL_CODES || distanceCount > DISTANCE_CODES) throw new UnreadableStreamError('too many codes');
  const lengthCount = bits.take(4) + 4;
  const lengthLengths = new Uint8Array(LENGTH_CODES);
  for (let i = 0; i < lengthCount; i++) lengthLengths[LENGTH_CODE_ORDER[i] ?? 0] = bits.take(3);
  const code = new PrefixReader(lengthLengths);
  const all = new Uint8Array(literalCount + distanceCount);
  for (let at = 0; at < all.length; ) {
    const symbol = code.read(bits);
    if (symbol < 16) {
      all[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) throw new UnreadableStreamError('a length repeats none');
    const value = symbol === 16 ? (all[at - 1] ?? 0) : 0;
    const end = at + (REPEAT_LEAST[symbol - 16] ?? 0) + bits.take(REPEAT_BITS[symbol - 16] ?? 0);
    if (end > all.length) throw new UnreadableStreamError('too many lengths');
    all.fill(value, at, end);
    at = end;
  }
  if (all[END_OF_BLOCK] === 0) throw new UnreadableStreamError('a block cannot end');
  return { literals: all.slice(0, literalCount), distances: all.slice(literalCount) };
}

export interface Header {
  /** As in the stream; the last byte may be half. */
  readonly bytes: Uint8Array;
  readonly bitCount: number;
}

/** The header that zlib and gzip write for these lengths: the shortest runs, taken greedily. */
export function writeHeader(lengths: CodeLengths): Header {
  const literalCount = lastUsed(lengths.literals, 257);
  const distanceCount = lastUsed(lengths.distances, 1);
  const runs = [
    ...runsOf(lengths.literals.subarray(0, literalCount)),
    ...runsOf(lengths.distances.subarray(0, distanceCount)),
  ];
  const frequencies = new Uint32Array(LENGTH_CODES);
  for (const { symbol } of runs) frequencies[symbol] = (frequencies[symbol] ?? 0) + 1;
  const own = buildLengths(frequencies, 7);
  let lengthCount = LENGTH_CODES;
  while (lengthCount > 4 && own[LENGTH_CODE_ORDER[lengthCount - 1] ?? 0] === 0) lengthCount--;
  const writer = new BitWriter();
  writer.put(literalCount - 257, 5);
  writer.put(distanceCount - 1, 5);
  writer.put(lengthCount - 4, 4);
  for (let i = 0; i < lengthCount; i++) writer.put(own[LENGTH_CODE_ORDER[i] ?? 0] ?? 0, 3);
  const codes = codesOf(own);
  for (const { symbol, repeats } of runs) {
    writer.put(codes[symbol] ?? 0, own[symbol] ?? 0);
    if (symbol >= 16) writer.put(repeats - (REPEAT_LEAST[symbol - 16] ?? 0), REPEAT_BITS[symbol - 16] ?? 0);
  }
  const { bitCount } = writer;
  return { bytes: writer.finish(), bitCount };
}

function lastUsed(lengths: Uint8Array, least: number): number {
  let count = lengths.length;
  while (count > least && lengths[count - 1] === 0) count--;
  return count;
}

interface Run {
  readonly symbol: number;
  readonly repeats: number;
}

/** Both programs cut a run at 138 zeros or, of other lengths, at six after the first, and look no further. */
function runsOf(lengths: Uint8Array): Run[] {
  const runs: Run[] = [];
  let before = -1;
  for (let at = 0; at < lengths.length; ) {
    const value = lengths[at] ?? 0;
    const longest = value === 0 ? 138 : value === before ? 6 : 7;
    let count = 1;
    while (count < longest && lengths[at + count] === value && at + count < lengths.length) count++;
    at += count;
    const fewest = value === 0 || value === before ? 3 : 4;
    if (count < fewest) {
      for (let i = 0; i < count; i++) runs.push({ symbol: value, repeats: 1 });
    } else if (value === 0) {
      runs.push({ symbol: count <= 10 ? 17 : 18, repeats: count });
    } else {
      if (value !== before) runs.push({ symbol: value, repeats: 1 });
      runs.push({ symbol: 16, repeats: value === before ? count : count - 1 });
    }
    before = value;
  }
  return runs;
}
