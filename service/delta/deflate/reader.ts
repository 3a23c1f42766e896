import { BitReader } from './bits.ts';
import { readHeader } from './block-header.ts';
import {
  BLOCK,
  type BlockKind,
  type CodeLengths,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIXED_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
  MATCH_UNIT,
  MAX_DISTANCE,
  MAX_MATCH,
  type Token,
  UnreadableStreamError,
} from './format.ts';
import { PrefixReader } from './prefix-code.ts';

/** Programs that are followed here end a block far earlier; it bounds the memory. */
export const MAX_BLOCK_TOKENS = 1 << 18;
const FIXED = {
  literals: new PrefixReader(FIXED_LENGTHS.literals),
  distances: new PrefixReader(FIXED_LENGTHS.distances),
};

export interface Block {
  readonly kind: BlockKind;
  readonly last: boolean;
  /** Bytes of content. */
  readonly size: number;
  /** None of a stored block. Used again for the next block. */
  readonly tokens: Uint32Array;
  readonly count: number;
  /** Where the header of a dynamic block lies, in bits. */
  readonly headerFrom: number;
  readonly headerEnd: number;
}

/** With a sink: what is kept at least, and what is collected. */
const KEPT_BYTES = MAX_DISTANCE;
const COLLECTED_BYTES = 1 << 18;

/** Reads a deflate stream (RFC 1951) block by block, and keeps what came out, or gives it to a sink. */
export class DeflateReader {
  readonly #source: Uint8Array;
  readonly #bits: BitReader;
  readonly #maxBytes: number;
  readonly #sink: ((bytes: Uint8Array) => void) | undefined;
  /** Bytes before those that are held, and how many of these the sink got. */
  #gone = 0;
  #given = 0;
  #content = new Uint8Array(1 << 14);
  #size = 0;
  #tokens = new Uint32Array(1 << 12);
  #done = false;

  /** Reads from `position` on; more than `maxBytes` of content are refused. */
  constructor(source: Uint8Array, position: number, maxBytes: number, sink?: (bytes: Uint8Array) => void) {
    this.#source = source;
    this.#bits = new BitReader(source, position);
    this.#maxBytes = maxBytes;
    this.#sink = sink;
    if (sink) this.#content = new Uint8Array(COLLECTED_BYTES);
  }

  /** What came out so far; a view. Not whole when it goes to a sink. */
  get content(): Uint8Array {
    return this.#content.subarray(0, this.#size);
  }

  /** After the last block: where the stream ended. */
  get end(): number {
    return Math.ceil(this.#bits.bitPosition / 8);
  }

  /** Bits of the source, at most 16. */
  bitsAt(position: number, count: number): number {
    const reader = new BitReader(this.#source, position >>> 3);
    reader.take(position & 7);
    return reader.take(count);
  }

  /** The next block; undefined after the last. @throws UnreadableStreamError */
  next(): Block | undefined {
    if (this.#done) return undefined;
    const bits = this.#bits;
    const last = bits.take(1) === 1;
    const kind = bits.take(2);
    const before = this.#gone + this.#size;
    const headerFrom = bits.bitPosition;
    let headerEnd = headerFrom;
    let count = 0;
    if (kind === BLOCK.stored) {
      this.#stored();
    } else if (kind === BLOCK.fixed) {
      count = this.#coded(FIXED.literals, FIXED.distances);
    } else if (kind === BLOCK.dynamic) {
      const lengths: CodeLengths = readHeader(bits);
      headerEnd = bits.bitPosition;
      count = this.#coded(new PrefixReader(lengths.literals), new PrefixReader(lengths.distances));
    } else {
      throw new UnreadableStreamError('a block of no kind');
    }
    if (last) {
      this.#done = true;
      this.#flush();
      // A writer that leaves something there cannot be followed.
      if (bits.align() !== 0) throw new UnreadableStreamError('bits after its end');
    }
    return { kind, last, size: this.#gone + this.#size - before, tokens: this.#tokens, count, headerFrom, headerEnd };
  }

  #stored(): void {
    const bits = this.#bits;
    if (bits.align() !== 0) throw new UnreadableStreamError('bits before a stored block');
    const length = bits.take(16);
    if (bits.take(16) !== (length ^ 0xffff)) throw new UnreadableStreamError('the length of a stored block is damaged');
    this.#room(length);
    this.#content.set(bits.bytes(length), this.#size);
    this.#size += length;
  }

  #coded(literals: PrefixReader, distances: PrefixReader): number {
    const bits = this.#bits;
    let count = 0;
    for (;;) {
      const symbol = literals.read(bits);
      if (symbol === END_OF_BLOCK) return count;
      const token = symbol < END_OF_BLOCK ? symbol : this.#match(symbol - 257, distances);
      if (count === this.#tokens.length) this.#moreTokens();
      this.#tokens[count++] = token;
      if (token >= MATCH_UNIT) {
        this.#copy(token >>> 16, token & 0xffff);
      } else {
        this.#room(1);
        this.#content[this.#size++] = token;
      }
    }
  }

  #match(lengthCode: number, distances: PrefixReader): Token {
    const bits = this.#bits;
    const lengthBase = LENGTH_BASE[lengthCode];
    if (lengthBase === undefined) throw new UnreadableStreamError('a length of no meaning');
    const length = lengthBase + bits.take(LENGTH_EXTRA[lengthCode] ?? 0);
    // The longest match can be written in two ways, of which one is never used.
    if (length === MAX_MATCH && lengthCode !== 28) throw new UnreadableStreamError('an unusual length');
    const code = distances.read(bits);
    const distanceBase = DISTANCE_BASE[code];
    if (distanceBase === undefined) throw new UnreadableStreamError('a distance of no meaning');
    const distance = distanceBase + bits.take(DISTANCE_EXTRA[code] ?? 0);
    if (distance > this.#size || distance > MAX_DISTANCE)
      throw new UnreadableStreamError('a distance before its start');
    return length * MATCH_UNIT + distance;
  }

  #copy(length: number, distance: number): void {
    this.#room(length);
    const content = this.#content;
    let to = this.#size;
    for (let i = 0; i < length; i++, to++) content[to] = content[to - distance] ?? 0;
    this.#size = to;
  }

  #room(bytes: number): void {
    const size = this.#size + bytes;
    if (this.#gone + size > this.#maxBytes)
      throw new UnreadableStreamError(`more than ${this.#maxBytes} bytes come out of it`);
    if (size <= this.#content.length) return;
    if (this.#sink) {
      this.#flush();
      const by = this.#size - KEPT_BYTES;
      this.#content.copyWithin(0, by, this.#size);
      this.#size = KEPT_BYTES;
      this.#given = KEPT_BYTES;
      this.#gone += by;
      return;
    }
    const grown = new Uint8Array(Math.max(size, this.#content.length * 2));
    grown.set(this.#content);
    this.#content = grown;
  }

  #flush(): void {
    this.#sink?.(this.#content.subarray(this.#given, this.#size));
    this.#given = this.#size;
  }

  #moreTokens(): void {
    if (this.#tokens.length >= MAX_BLOCK_TOKENS) throw new UnreadableStreamError('a block that is too long');
    const grown = new Uint32Array(this.#tokens.length * 2);
    grown.set(this.#tokens);
    this.#tokens = grown;
  }
}
