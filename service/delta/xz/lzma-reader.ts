import { UnreadableStreamError } from '../deflate/format.ts';
import type { Parse } from '../ripdiff/parse/parse.ts';
import { KIND } from '../ripdiff/parse/symbols.ts';
import {
  AFTER_LITERAL,
  ALIGN_BITS,
  AT,
  afterMatch,
  afterRep,
  afterShort,
  DIRECT_SLOT,
  EVEN,
  LENGTH,
  MATCHED_STATE,
  MIN_MATCH,
  MODELS,
  type Properties,
} from './lzma.ts';

/** Bytes that every chunk of LZMA begins with. */
const START_BYTES = 5;

/** Unpacks the LZMA chunks of one block of LZMA2, and notes their symbols. */
export class LzmaReader {
  readonly #content: Uint8Array;
  readonly #parse: Parse;
  readonly #models = new Uint16Array(MODELS);
  readonly #reps = new Uint32Array(4);
  #state = 0;
  #properties: Properties = { contextBits: 0, positionBits: 0, stateBits: 0 };
  #source: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  // Both are 32 bits without a sign, kept as numbers with one.
  #range = 0;
  #code = 0;

  /** Writes into `content`, and reads there what a match repeats. */
  constructor(content: Uint8Array, parse: Parse) {
    this.#content = content;
    this.#parse = parse;
  }

  /** What a chunk that resets the state does. */
  reset(properties = this.#properties): void {
    this.#properties = properties;
    this.#models.fill(EVEN);
    this.#reps.fill(1);
    this.#state = 0;
  }

  /**
   * `source` is the chunk's packed bytes; the content goes to `[from, end)`, and begins where the dictionary does, at `start`.
   * @throws UnreadableStreamError unless all of it makes sense
   */
  chunk(source: Uint8Array, start: number, from: number, end: number): void {
    this.#source = source;
    this.#at = 0;
    this.#end = source.length;
    if (this.#next() !== 0) throw damaged();
    this.#range = -1;
    this.#code = 0;
    for (let i = 1; i < START_BYTES; i++) this.#code = (this.#code << 8) | this.#next();
    const stateMask = (1 << this.#properties.stateBits) - 1;
    for (let at = from; at < end; ) {
      const position = (at - start) & stateMask;
      const state = this.#state;
      if (this.#bit(AT.isMatch + state * 16 + position) === 0) {
        this.#literal(start, at++);
        continue;
      }
      const length = this.#match(state, position);
      const distance = this.#reps[0] ?? 0;
      if (length > end - at || distance > at - start) throw damaged();
      this.#parse.push(this.#kind, length, distance);
      const content = this.#content;
      for (const stop = at + length; at < stop; at++) content[at] = content[at - distance] ?? 0;
    }
    if (this.#at !== this.#end || this.#code !== 0) throw damaged();
  }

  #kind = 0;

  #literal(start: number, at: number): void {
    const content = this.#content;
    const { contextBits, positionBits } = this.#properties;
    const before = at > start ? (content[at - 1] ?? 0) : 0;
    const place = (((at - start) & ((1 << positionBits) - 1)) << contextBits) + (before >> (8 - contextBits));
    const base = AT.literals + place * 0x300;
    let symbol = 1;
    if (this.#state >= MATCHED_STATE) {
      const distance = this.#reps[0] ?? 0;
      if (distance > at - start) throw damaged();
      let matched = content[at - distance] ?? 0;
      let differs = 0x100;
      while (symbol < 0x100) {
        matched <<= 1;
        const bit = this.#bit(base + differs + (matched & differs) + symbol);
        symbol = symbol * 2 + bit;
        differs &= bit === 0 ? ~matched : matched;
      }
    } else {
      while (symbol < 0x100) symbol = symbol * 2 + this.#bit(base + symbol);
    }
    content[at] = symbol;
    this.#parse.push(KIND.literal, 1, 0);
    this.#state = AFTER_LITERAL[this.#state] ?? 0;
  }

  /** Sets kind and last distance; answers the length. */
  #match(state: number, position: number): number {
    const reps = this.#reps;
    if (this.#bit(AT.isRep + state) === 0) {
      const length = this.#length(AT.matchLengths, position);
      reps.copyWithin(1, 0, 3);
      reps[0] = this.#distance(length);
      this.#state = afterMatch(state);
      this.#kind = KIND.match;
      return length;
    }
    if (this.#bit(AT.isRep0 + state) === 0) {
      if (this.#bit(AT.isLong + state * 16 + position) === 0) {
        this.#state = afterShort(state);
        this.#kind = KIND.short;
        return 1;
      }
      this.#kind = KIND.rep0;
    } else {
      const which = this.#bit(AT.isRep1 + state) === 0 ? 1 : 2 + this.#bit(AT.isRep2 + state);
      const distance = reps[which] ?? 0;
      reps.copyWithin(1, 0, which);
      reps[0] = distance;
      this.#kind = KIND.rep0 + which;
    }
    this.#state = afterRep(state);
    return this.#length(AT.repLengths, position);
  }

  #length(base: number, position: number): number {
    if (this.#bit(base + LENGTH.choice) === 0) return MIN_MATCH + this.#tree(base + LENGTH.low + position * 8, 3);
    if (this.#bit(base + LENGTH.choice + 1) === 0)
      return MIN_MATCH + 8 + this.#tree(base + LENGTH.middle + position * 8, 3);
    return MIN_MATCH + 16 + this.#tree(base + LENGTH.high, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(AT.slots + Math.min(length - MIN_MATCH, 3) * 64, 6);
    if (slot < 4) return slot + 1;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    if (slot < DIRECT_SLOT) return ((high + this.#reverse(AT.distances + high - slot, bits)) >>> 0) + 1;
    const middle = this.#direct(bits - ALIGN_BITS) << ALIGN_BITS;
    const distance = (high + middle + this.#reverse(AT.align, ALIGN_BITS)) >>> 0;
    // All ones mark an end, which LZMA2 does not have.
    if (distance === 0xffffffff) throw damaged();
    return distance + 1;
  }

  #tree(base: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = node * 2 + this.#bit(base + node);
    return node - (1 << bits);
  }

  #reverse(base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(base + node);
      node = node * 2 + bit;
      value |= bit << i;
    }
    return value;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#range >>>= 1;
      this.#range |= 0;
      let bit = 0;
      if (this.#code >>> 0 >= this.#range >>> 0) {
        this.#code = (this.#code - this.#range) | 0;
        bit = 1;
      }
      value = (value << 1) | bit;
      if (this.#range >>> 24 === 0) this.#normalize();
    }
    return value;
  }

  #bit(index: number): number {
    const models = this.#models;
    const chance = models[index] ?? 0;
    const bound = Math.imul(this.#range >>> 11, chance);
    let bit = 0;
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      models[index] = chance + ((2048 - chance) >> 5);
    } else {
      this.#range = (this.#range - bound) | 0;
      this.#code = (this.#code - bound) | 0;
      models[index] = chance - (chance >> 5);
      bit = 1;
    }
    if (this.#range >>> 24 === 0) this.#normalize();
    return bit;
  }

  #normalize(): void {
    this.#range <<= 8;
    this.#code = (this.#code << 8) | this.#next();
  }

  #next(): number {
    if (this.#at === this.#end) throw damaged();
    return this.#source[this.#at++] ?? 0;
  }
}

function damaged(): UnreadableStreamError {
  return new UnreadableStreamError('its xz stream is damaged');
}
