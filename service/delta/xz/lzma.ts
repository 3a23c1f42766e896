/** What reader and writer of LZMA have in common: where each adaptive bit is kept, and how states follow one another (LZMA SDK, lzma-specification). */

import { UnreadableStreamError } from '../deflate/format.ts';
import type { SymbolRules } from '../ripdiff/parse/symbols.ts';

export const MIN_MATCH = 2;
export const MAX_MATCH = 273;
export const LZMA_RULES: SymbolRules = { minMatch: MIN_MATCH, maxMatch: MAX_MATCH, hasShort: true };
const STATES = 12;
const MAX_POSITIONS = 16;

/** From this state on the byte before came from a match. */
export const MATCHED_STATE = 7;
export const AFTER_LITERAL = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5);

export function afterMatch(state: number): number {
  return state < MATCHED_STATE ? 7 : 10;
}
export function afterRep(state: number): number {
  return state < MATCHED_STATE ? 8 : 11;
}
export function afterShort(state: number): number {
  return state < MATCHED_STATE ? 9 : 11;
}

/** Of a coder of lengths: choices, short lengths by position, longer ones by position, the rest. */
export const LENGTH = {
  choice: 0,
  low: 2,
  middle: 2 + MAX_POSITIONS * 8,
  high: 2 + MAX_POSITIONS * 16,
  size: 2 + MAX_POSITIONS * 16 + 256,
} as const;

const IS_REP = STATES * MAX_POSITIONS;
const SLOTS = IS_REP + 4 * STATES + STATES * MAX_POSITIONS;
const MATCH_LENGTHS = SLOTS + 4 * 64 + 128 + 16;
/** Where the models begin. */
export const AT = {
  isMatch: 0,
  isRep: IS_REP,
  isRep0: IS_REP + STATES,
  isRep1: IS_REP + 2 * STATES,
  isRep2: IS_REP + 3 * STATES,
  isLong: IS_REP + 4 * STATES,
  slots: SLOTS,
  distances: SLOTS + 4 * 64,
  align: SLOTS + 4 * 64 + 128,
  matchLengths: MATCH_LENGTHS,
  repLengths: MATCH_LENGTHS + LENGTH.size,
  literals: MATCH_LENGTHS + 2 * LENGTH.size,
} as const;
/** LZMA2 has at most 4 bits of context for a literal. */
export const MODELS = AT.literals + (0x300 << 4);
export const EVEN = 1024;

/** Slots from here on have bits that are sent as they are. */
export const DIRECT_SLOT = 14;
export const ALIGN_BITS = 4;

/** The lc, lp and pb of a stream. */
export interface Properties {
  readonly contextBits: number;
  readonly positionBits: number;
  readonly stateBits: number;
}

/** @throws UnreadableStreamError for what LZMA2 does not allow */
export function propertiesOf(byte: number): Properties {
  const contextBits = byte % 9;
  const positionBits = Math.floor(byte / 9) % 5;
  const stateBits = Math.floor(byte / 45);
  if (stateBits > 4 || contextBits + positionBits > 4) throw new UnreadableStreamError('unusual properties');
  return { contextBits, positionBits, stateBits };
}
