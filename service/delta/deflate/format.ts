/** The numbers of RFC 1951 that reader, writer and predictor share, and tokens: what a deflate stream is made of. */
import { RippleError } from '../../api/errors.ts';

/** A literal is its byte; a match is its length (3 to 258) times 65536 plus its distance (1 to 32768). */
export type Token = number;
export const MATCH_UNIT = 0x10000;
export const MIN_MATCH = 3;
export const MAX_MATCH = 258;
export const MAX_DISTANCE = 0x8000;

export const BLOCK = { stored: 0, fixed: 1, dynamic: 2 } as const;
export type BlockKind = (typeof BLOCK)[keyof typeof BLOCK];

export const END_OF_BLOCK = 256;
export const LITERAL_CODES = 286;
export const DISTANCE_CODES = 30;
export const LENGTH_CODES = 19;
export const MAX_CODE_BITS = 15;
export const MAX_STORED_BYTES = 0xffff;
/** In which order the lengths of the code for code lengths are sent (RFC 1951, 3.2.7). */
export const LENGTH_CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
/** Bits that follow the codes 16, 17, 18 of code lengths, and the fewest that they repeat. */
export const REPEAT_BITS = [2, 3, 7] as const;
export const REPEAT_LEAST = [3, 3, 11] as const;

/** By length code, counted from 257. */
export const LENGTH_EXTRA = new Uint8Array(29);
export const LENGTH_BASE = new Uint16Array(29);
export const DISTANCE_EXTRA = new Uint8Array(DISTANCE_CODES);
export const DISTANCE_BASE = new Uint16Array(DISTANCE_CODES);
/** Length code, counted from 257, by length. */
export const CODE_OF_LENGTH = new Uint8Array(MAX_MATCH + 1);
const CODE_OF_NEAR = new Uint8Array(257);
const CODE_OF_FAR = new Uint8Array(257);

for (let code = 0, length = MIN_MATCH; code < 28; code++) {
  const extra = code < 8 ? 0 : (code >> 2) - 1;
  LENGTH_EXTRA[code] = extra;
  LENGTH_BASE[code] = length;
  for (let i = 0; i < 1 << extra; i++) CODE_OF_LENGTH[length++] = code;
}
// The longest has a code of its own.
LENGTH_BASE[28] = MAX_MATCH;
CODE_OF_LENGTH[MAX_MATCH] = 28;
for (let code = 0, distance = 1; code < DISTANCE_CODES; code++) {
  const extra = code < 4 ? 0 : (code >> 1) - 1;
  DISTANCE_EXTRA[code] = extra;
  DISTANCE_BASE[code] = distance;
  const end = distance + (1 << extra);
  for (; distance < end; distance += distance <= 256 ? 1 : 128)
    if (distance <= 256) CODE_OF_NEAR[distance] = code;
    else CODE_OF_FAR[(distance - 1) >> 7] = code;
}

export function codeOfDistance(distance: number): number {
  return (distance <= 256 ? CODE_OF_NEAR[distance] : CODE_OF_FAR[(distance - 1) >> 7]) ?? 0;
}

/** How often each code occurs in a block; its end is counted too. */
export interface Frequencies {
  readonly literals: Uint32Array;
  readonly distances: Uint32Array;
}

/** Lengths in bits of the codes of a block; 0 where there is none. */
export interface CodeLengths {
  readonly literals: Uint8Array;
  readonly distances: Uint8Array;
}

export const FIXED_LENGTHS: CodeLengths = {
  literals: new Uint8Array(288).map((_, code) => (code < 144 ? 8 : code < 256 ? 9 : code < 280 ? 7 : 8)),
  // Two of them mean nothing, but the code has them.
  distances: new Uint8Array(DISTANCE_CODES + 2).fill(5),
};

/** The stream is no valid deflate data, or not of the kind that is taken apart here. */
export class UnreadableStreamError extends RippleError {
  constructor(why: string) {
    super('InvalidArgument', `compressed member: ${why}; use the whole file`);
  }
}
