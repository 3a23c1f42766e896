import type { Parse } from '../ripdiff/parse/parse.ts';
import { KIND } from '../ripdiff/parse/symbols.ts';
import { BackwardBits, MAX_BITS } from './bits.ts';
import { type BlockShape, noTables, type SequenceShape, type Tables } from './block.ts';
import type { Content } from './content.ts';
import { type Counts, readCounts } from './counts.ts';
import {
  damaged,
  FIELDS,
  LITERAL_CODES,
  LITERALS,
  MATCH_CODES,
  MAX_BLOCK,
  MAX_CODES,
  MAX_LOGS,
  MAX_PIECE,
  MIN_MATCH,
  MODE,
} from './format.ts';
import { FseTable } from './fse-table.ts';
import { Huffman, readWeights } from './huffman.ts';
import { PREDEFINED } from './predefined.ts';
import { GOES_ON, SequenceHistory } from './sequence-history.ts';

/** Where the parts of a packed block begin. */
interface LiteralPart {
  readonly shape: Pick<BlockShape, 'literals' | 'sizes' | 'weights' | 'description'>;
  readonly end: number;
}

/** Unpacks the packed blocks of one frame, and notes their symbols. */
export class BlockReader {
  readonly #content: Content;
  readonly #parse: Parse;
  readonly #start: number;
  readonly #history = new SequenceHistory();
  readonly #tables: Tables = noTables();
  readonly #room = new Uint8Array(MAX_BLOCK);
  #literals: Uint8Array = this.#room;
  #literalAt = 0;

  /** The frame's content begins at `content.size`. */
  constructor(content: Content, parse: Parse) {
    this.#content = content;
    this.#parse = parse;
    this.#start = content.size;
    this.#history.beginFrame();
  }

  /** @throws UnreadableStreamError unless all of it makes sense */
  block(source: Uint8Array): BlockShape {
    const before = this.#content.size;
    const { shape, end } = this.#readLiterals(source);
    this.#history.beginBlock();
    const sequences = this.#readSequences(source.subarray(end), before + MAX_BLOCK);
    while (this.#literalAt < this.#literals.length) this.#literal();
    if (this.#content.size - before > MAX_BLOCK) throw damaged();
    return { ...shape, sequences };
  }

  #readLiterals(source: Uint8Array): LiteralPart {
    const first = source[0] ?? 0;
    const literals = first & 3;
    const told = (first >> 2) & 3;
    this.#literalAt = 0;
    if (literals < LITERALS.huffman) {
      const sizes = told === 2 ? 0 : told;
      const headBytes = sizes === 0 ? 1 : sizes === 1 ? 2 : 3;
      const size = number(source, headBytes) >>> (sizes === 0 ? 3 : 4);
      const isRaw = literals === LITERALS.raw;
      const end = headBytes + (isRaw ? size : 1);
      if (size > MAX_BLOCK || end > source.length) throw damaged();
      this.#literals = isRaw
        ? source.subarray(headBytes, end)
        : this.#room.subarray(0, size).fill(source[headBytes] ?? 0);
      return { shape: { literals, sizes, weights: undefined, description: undefined }, end };
    }
    const headBytes = told < 2 ? 3 : told + 2;
    const width = told < 2 ? 10 : told === 2 ? 14 : 18;
    const numbers = BigInt.asUintN(64, BigInt(number(source, 4)) + BigInt(source[4] ?? 0) * 0x100000000n) >> 4n;
    const mask = (1n << BigInt(width)) - 1n;
    const size = Number(numbers & mask);
    const end = headBytes + Number((numbers >> BigInt(width)) & mask);
    if (size > MAX_BLOCK || end > source.length) throw damaged();
    let at = headBytes;
    let weights: Uint8Array | undefined;
    if (literals === LITERALS.huffman) {
      const read = readWeights(source.subarray(at, end));
      weights = read.weights;
      this.#tables.huffman = new Huffman(weights);
      at += read.sizeBytes;
    }
    const { huffman } = this.#tables;
    if (!huffman) throw damaged();
    this.#literals = this.#room.subarray(0, size);
    readStreams(huffman, source.subarray(at, end), this.#literals, told > 0);
    const description = weights && source.subarray(headBytes, at);
    return { shape: { literals, sizes: told, weights, description }, end };
  }

  #readSequences(source: Uint8Array, limit: number): SequenceShape | undefined {
    const [first = 0, second = 0, third = 0] = source;
    let at = first < 128 ? 1 : first < 255 ? 2 : 3;
    const count = first < 128 ? first : first < 255 ? ((first - 128) << 8) + second : second + (third << 8) + 0x7f00;
    if (source.length < at) throw damaged();
    if (count === 0) {
      if (source.length !== at) throw damaged();
      return undefined;
    }
    const told = source[at++] ?? 0;
    if ((told & 3) !== 0) throw damaged();
    const modes = [told >> 6, (told >> 4) & 3, (told >> 2) & 3];
    const counts: (Counts | undefined)[] = [];
    for (let field = 0; field < FIELDS; field++) {
      const { counts: read, end } = this.#readTable(source, at, field, modes[field] ?? 0);
      counts.push(read);
      at = end;
    }
    this.#unpack(new BackwardBits(source.subarray(at)), count, limit);
    return { modes, counts };
  }

  #readTable(
    source: Uint8Array,
    at: number,
    field: number,
    mode: number,
  ): { readonly counts: Counts | undefined; readonly end: number } {
    const { fields } = this.#tables;
    if (mode === MODE.counts) {
      const counts = readCounts(source.subarray(at), MAX_CODES[field] ?? 0, MAX_LOGS[field] ?? 0);
      fields[field] = FseTable.ofCounts(counts);
      return { counts, end: at + counts.sizeBytes };
    }
    if (mode === MODE.asBefore && !fields[field]) throw damaged();
    if (mode === MODE.predefined) fields[field] = PREDEFINED[field];
    if (mode !== MODE.rle) return { counts: undefined, end: at };
    const symbol = source[at] ?? 255;
    if (symbol > (MAX_CODES[field] ?? 0)) throw damaged();
    fields[field] = FseTable.ofOne(symbol);
    return { counts: undefined, end: at + 1 };
  }

  #unpack(bits: BackwardBits, count: number, limit: number): void {
    const [ofLiterals, ofOffsets, ofMatches] = this.#tables.fields;
    if (!ofLiterals || !ofOffsets || !ofMatches) throw damaged();
    let literalState = bits.take(ofLiterals.log);
    let offsetState = bits.take(ofOffsets.log);
    let matchState = bits.take(ofMatches.log);
    for (let left = count; left > 0; left--) {
      const offsetBits = ofOffsets.symbols[offsetState] ?? 0;
      const offset = 2 ** offsetBits + takeMany(bits, offsetBits);
      const matchCode = ofMatches.symbols[matchState] ?? 0;
      const length = (MATCH_CODES.bases[matchCode] ?? 0) + bits.take(MATCH_CODES.bits[matchCode] ?? 0);
      const literalCode = ofLiterals.symbols[literalState] ?? 0;
      const literals = (LITERAL_CODES.bases[literalCode] ?? 0) + bits.take(LITERAL_CODES.bits[literalCode] ?? 0);
      if (left > 1) {
        literalState = (ofLiterals.bases[literalState] ?? 0) + bits.take(ofLiterals.bits[literalState] ?? 0);
        matchState = (ofMatches.bases[matchState] ?? 0) + bits.take(ofMatches.bits[matchState] ?? 0);
        offsetState = (ofOffsets.bases[offsetState] ?? 0) + bits.take(ofOffsets.bits[offsetState] ?? 0);
      }
      if (bits.left < 0 || literals > this.#literals.length - this.#literalAt) throw damaged();
      for (let i = 0; i < literals; i++) this.#literal();
      if (this.#content.size + length > limit) throw damaged();
      this.#match(length, offset);
    }
    bits.end();
  }

  #literal(): void {
    this.#content.literal(this.#literals[this.#literalAt++] ?? 0);
    this.#parse.push(KIND.literal, 1, 0);
    this.#history.literal();
  }

  #match(length: number, offset: number): void {
    const history = this.#history;
    let kind = offset > 3 ? KIND.match : KIND.rep0 + offset - 1;
    const distance = offset > 3 ? offset - 3 : (history.reps[offset - 1] ?? 0);
    if (distance < 1 || distance > this.#content.size - this.#start) throw damaged();
    history.match(kind, distance);
    this.#content.repeat(distance, length);
    for (const piece of pieces(length)) {
      this.#parse.push(kind, piece, distance);
      kind = GOES_ON;
    }
  }
}

/** The lengths of the symbols that a match becomes: none is too short for one. */
function* pieces(length: number): Generator<number> {
  let left = length;
  while (left > MAX_PIECE) {
    const piece = left - MAX_PIECE < MIN_MATCH ? MAX_PIECE - MIN_MATCH : MAX_PIECE;
    yield piece;
    left -= piece;
  }
  yield left;
}

function readStreams(huffman: Huffman, source: Uint8Array, literals: Uint8Array, areFour: boolean): void {
  if (!areFour) {
    huffman.read(source, literals);
    return;
  }
  const part = (literals.length + 3) >> 2;
  if (3 * part > literals.length) throw damaged();
  let at = 6;
  for (let i = 0; i < 4; i++) {
    const size = i < 3 ? number(source.subarray(2 * i), 2) : source.length - at;
    if (size < 0 || at + size > source.length) throw damaged();
    huffman.read(source.subarray(at, at + size), literals.subarray(i * part, i < 3 ? (i + 1) * part : undefined));
    at += size;
  }
}

function takeMany(bits: BackwardBits, count: number): number {
  if (count <= MAX_BITS) return bits.take(count);
  const high = bits.take(count - 16);
  return high * 0x10000 + bits.take(16);
}

/** Little-endian, of up to 4 bytes. */
function number(bytes: Uint8Array, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[i] ?? 0);
  return value;
}
