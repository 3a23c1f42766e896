import type { BitWriter } from './bits.ts';
import { type Header, writeHeader } from './block-header.ts';
import {
  BLOCK,
  type BlockKind,
  CODE_OF_LENGTH,
  type CodeLengths,
  codeOfDistance,
  DISTANCE_BASE,
  DISTANCE_CODES,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIXED_LENGTHS,
  type Frequencies,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LITERAL_CODES,
  MATCH_UNIT,
  MAX_CODE_BITS,
  MAX_STORED_BYTES,
  type Token,
  UnreadableStreamError,
} from './format.ts';
import { codesOf } from './prefix-code.ts';
import { MAX_BLOCK_TOKENS } from './reader.ts';
import type { Style } from './style.ts';
import { buildLengths } from './tree.ts';

/** gzip looks so often whether its block had better end. */
const CUT_MASK = 0xfff;

/** The block that is being filled. */
export class BlockBuilder {
  readonly #style: Style;
  #tokens = new Uint32Array(1 << 12);
  #frequencies: Frequencies = noFrequencies();
  #matches = 0;
  count = 0;
  /** Position of its first byte in the content. */
  start = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  begin(position: number): void {
    this.start = position;
    this.count = 0;
    this.#matches = 0;
    this.#frequencies = noFrequencies();
  }

  /** Adds the token at `position`; answers whether the program would end the block after it. */
  add(token: Token, position: number): boolean {
    if (this.count === this.#tokens.length) this.#grow();
    this.#tokens[this.count++] = token;
    const { literals, distances } = this.#frequencies;
    if (token < MATCH_UNIT) {
      literals[token] = (literals[token] ?? 0) + 1;
    } else {
      const length = (CODE_OF_LENGTH[token >>> 16] ?? 0) + 257;
      const distance = codeOfDistance(token & 0xffff);
      literals[length] = (literals[length] ?? 0) + 1;
      distances[distance] = (distances[distance] ?? 0) + 1;
      this.#matches++;
    }
    const { blockTokens, cuts } = this.#style;
    return this.count === blockTokens || (cuts && (this.count & CUT_MASK) === 0 && this.#hadBetterEnd(position));
  }

  /** gzip guesses the size from distances alone, and ends a block that packs well with few matches. */
  #hadBetterEnd(position: number): boolean {
    let bits = this.count * 8;
    for (const [code, count] of this.#frequencies.distances.entries())
      bits += count * (5 + (DISTANCE_EXTRA[code] ?? 0));
    const inBytes = position + (this.#style.lazy ? 1 : 0) - this.start;
    return this.#matches < this.count >> 1 && Math.floor(bits / 8) < inBytes >> 1;
  }

  /** The kind that takes the fewest bytes. `storable`: the program still has the plain bytes. */
  plan(end: number, storable: boolean): { readonly kind: BlockKind; readonly lengths: CodeLengths; header: Header } {
    const { literals, distances } = this.#frequencies;
    const lengths = {
      literals: buildLengths(literals, MAX_CODE_BITS),
      distances: buildLengths(distances, MAX_CODE_BITS),
    };
    const header = writeHeader(lengths);
    const dynamicBytes = (this.#bits(lengths) + header.bitCount + 10) >> 3;
    const fixedBytes = (this.#bits(FIXED_LENGTHS) + 10) >> 3;
    const size = end - this.start;
    if (storable && size <= MAX_STORED_BYTES && size + 4 <= Math.min(dynamicBytes, fixedBytes))
      return { kind: BLOCK.stored, lengths, header };
    return { kind: fixedBytes <= dynamicBytes ? BLOCK.fixed : BLOCK.dynamic, lengths, header };
  }

  #bits({ literals, distances }: CodeLengths): number {
    let bits = 0;
    for (const [code, count] of this.#frequencies.literals.entries())
      if (count > 0)
        bits += count * ((literals[code] ?? 0) + (code > END_OF_BLOCK ? (LENGTH_EXTRA[code - 257] ?? 0) : 0));
    for (const [code, count] of this.#frequencies.distances.entries())
      if (count > 0) bits += count * ((distances[code] ?? 0) + (DISTANCE_EXTRA[code] ?? 0));
    return bits;
  }

  /** Writes all tokens and the end of the block. @throws UnreadableStreamError if one has no code */
  write(out: BitWriter, lengths: CodeLengths): void {
    const { literals, distances } = lengths;
    const literalCodes = codesOf(literals);
    const distanceCodes = codesOf(distances);
    const put = (codes: Uint16Array, codeLengths: Uint8Array, symbol: number): void => {
      const length = codeLengths[symbol] ?? 0;
      if (length === 0) throw new UnreadableStreamError('a token has no code');
      out.put(codes[symbol] ?? 0, length);
    };
    for (let i = 0; i < this.count; i++) {
      const token = this.#tokens[i] ?? 0;
      if (token < MATCH_UNIT) {
        put(literalCodes, literals, token);
        continue;
      }
      const length = token >>> 16;
      const lengthCode = CODE_OF_LENGTH[length] ?? 0;
      put(literalCodes, literals, lengthCode + 257);
      out.put(length - (LENGTH_BASE[lengthCode] ?? 0), LENGTH_EXTRA[lengthCode] ?? 0);
      const distance = token & 0xffff;
      const distanceCode = codeOfDistance(distance);
      put(distanceCodes, distances, distanceCode);
      out.put(distance - (DISTANCE_BASE[distanceCode] ?? 0), DISTANCE_EXTRA[distanceCode] ?? 0);
    }
    put(literalCodes, literals, END_OF_BLOCK);
  }

  #grow(): void {
    if (this.#tokens.length >= MAX_BLOCK_TOKENS) throw new UnreadableStreamError('a block that is too long');
    const grown = new Uint32Array(this.#tokens.length * 2);
    grown.set(this.#tokens);
    this.#tokens = grown;
  }
}

function noFrequencies(): Frequencies {
  const literals = new Uint32Array(LITERAL_CODES);
  literals[END_OF_BLOCK] = 1;
  return { literals, distances: new Uint32Array(DISTANCE_CODES) };
}
