/** The numbers of RFC 8878 that reader and writer of Zstandard share. */
import { UnreadableStreamError } from '../deflate/format.ts';
import type { SymbolRules } from '../ripdiff/parse/symbols.ts';

export const MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
export const BLOCK = { raw: 0, rle: 1, packed: 2 } as const;
export const MAX_BLOCK = 1 << 17;
export const LITERALS = { raw: 0, rle: 1, huffman: 2, asBefore: 3 } as const;
/** How a table of a sequence section is told. */
export const MODE = { predefined: 0, rle: 1, counts: 2, asBefore: 3 } as const;

/** The three values of a sequence, in the order in which a block tells their tables. */
export const FIELD = { literals: 0, offset: 1, match: 2 } as const;
export const FIELDS = 3;
export const MAX_LOGS = [9, 8, 9] as const;
export const MAX_CODES = [35, 31, 52] as const;

export const MIN_MATCH = 3;
/** A longer match goes on in symbols of the kind `GOES_ON`. */
export const MAX_PIECE = 511;
export const ZSTD_RULES: SymbolRules = { minMatch: MIN_MATCH, maxMatch: MAX_PIECE, hasShort: false };

/** Bits that follow a code, and the value of the code without them. */
export interface Codes {
  readonly bits: Uint8Array;
  readonly bases: Uint32Array;
}

function codesOf(first: number, plain: number, wider: readonly number[]): Codes {
  const bits = Uint8Array.of(...new Array<number>(plain).fill(0), ...wider);
  const bases = new Uint32Array(bits.length);
  let base = first;
  for (const [code, width] of bits.entries()) {
    bases[code] = base;
    base += 1 << width;
  }
  return { bits, bases };
}
export const LITERAL_CODES = codesOf(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
export const MATCH_CODES = codesOf(
  MIN_MATCH,
  32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

const CODE_OF = 256;
function nearCodes({ bases }: Codes): Uint8Array {
  let code = 0;
  return new Uint8Array(CODE_OF).map((_, value) => {
    while (code + 1 < bases.length && (bases[code + 1] ?? 0) <= value) code++;
    return code;
  });
}
const NEAR_LITERAL_CODES = nearCodes(LITERAL_CODES);
const NEAR_MATCH_CODES = nearCodes(MATCH_CODES);

function codeIn({ bases }: Codes, near: Uint8Array, value: number): number {
  if (value < CODE_OF) return near[value] ?? 0;
  let code = bases.length - 1;
  while ((bases[code] ?? 0) > value) code--;
  return code;
}
export function literalCode(length: number): number {
  return codeIn(LITERAL_CODES, NEAR_LITERAL_CODES, length);
}
export function matchCode(length: number): number {
  return codeIn(MATCH_CODES, NEAR_MATCH_CODES, length);
}
/** Its extra bits are as many as itself. */
export function offsetCode(value: number): number {
  return highestBit(value);
}

/** Of a value from 1 on. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

export function damaged(): UnreadableStreamError {
  return new UnreadableStreamError('a damaged Zstandard frame');
}
