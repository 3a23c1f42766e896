import { UnreadableStreamError } from '../deflate/format.ts';
import { KIND, type Kind, REPS } from '../ripdiff/parse/symbols.ts';
import { MAX_CHUNK } from './chunk.ts';
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

/** More than one symbol takes. */
const SLACK_BYTES = 32;

/** Packs a parse into LZMA chunks: what comes out depends on the symbols alone. */
export class LzmaWriter {
  readonly #content: Uint8Array;
  readonly #models = new Uint16Array(MODELS);
  /** The last distances, newest first. */
  readonly reps = new Uint32Array(REPS);
  state = 0;
  readonly #out = new Uint8Array(MAX_CHUNK.packed + SLACK_BYTES);
  #size = 0;
  #start = 0;
  #properties: Properties = { contextBits: 0, positionBits: 0, stateBits: 0 };
  // Both are 32 bits without a sign, kept as numbers with one.
  #low = 0;
  #range = 0;

  constructor(content: Uint8Array) {
    this.#content = content;
  }

  /** The dictionary begins at `start`. */
  resetDictionary(start: number): void {
    this.#start = start;
  }

  reset(properties = this.#properties): void {
    this.#properties = properties;
    this.#models.fill(EVEN);
    this.reps.fill(1);
    this.state = 0;
  }

  begin(): void {
    this.#size = 0;
    this.#low = 0;
    this.#range = -1;
    this.#put(0);
  }

  /** Bytes of the chunk so far, but for what is still open in the code. */
  get size(): number {
    return this.#size;
  }

  /** The chunk's packed bytes, until the next one begins. */
  finish(): Uint8Array {
    if (this.#range >>> 24 === 0) this.#shift();
    for (let i = 1; i < 5; i++) this.#shift();
    if (this.#size > MAX_CHUNK.packed) throw tooLong();
    return this.#out.subarray(0, this.#size);
  }

  /** A symbol at `at` of the content. Whether it can be there is for the caller to know. @throws UnreadableStreamError for a chunk too long */
  symbol(kind: Kind, at: number, length: number, distance: number): void {
    const position = (at - this.#start) & ((1 << this.#properties.stateBits) - 1);
    const { state } = this;
    if (kind === KIND.literal) {
      this.#bit(AT.isMatch + state * 16 + position, 0);
      this.#literal(at);
    } else {
      this.#bit(AT.isMatch + state * 16 + position, 1);
      if (kind === KIND.match) this.#match(position, length, distance);
      else this.#rep(kind, position, length);
    }
    if (this.#size > MAX_CHUNK.packed) throw tooLong();
  }

  #literal(at: number): void {
    const content = this.#content;
    const { contextBits, positionBits } = this.#properties;
    const before = at > this.#start ? (content[at - 1] ?? 0) : 0;
    const place = (((at - this.#start) & ((1 << positionBits) - 1)) << contextBits) + (before >> (8 - contextBits));
    const base = AT.literals + place * 0x300;
    const byte = content[at] ?? 0;
    let symbol = 1;
    if (this.state >= MATCHED_STATE) {
      let matched = content[at - (this.reps[0] ?? 0)] ?? 0;
      let differs = 0x100;
      for (let shift = 7; shift >= 0; shift--) {
        matched <<= 1;
        const bit = (byte >> shift) & 1;
        this.#bit(base + differs + (matched & differs) + symbol, bit);
        symbol = symbol * 2 + bit;
        differs &= bit === 0 ? ~matched : matched;
      }
    } else {
      for (let shift = 7; shift >= 0; shift--) {
        const bit = (byte >> shift) & 1;
        this.#bit(base + symbol, bit);
        symbol = symbol * 2 + bit;
      }
    }
    this.state = AFTER_LITERAL[this.state] ?? 0;
  }

  #match(position: number, length: number, distance: number): void {
    this.#bit(AT.isRep + this.state, 0);
    this.#length(AT.matchLengths, position, length);
    this.#distance(length, distance - 1);
    this.reps.copyWithin(1, 0, 3);
    this.reps[0] = distance;
    this.state = afterMatch(this.state);
  }

  #rep(kind: Kind, position: number, length: number): void {
    const { state, reps } = this;
    this.#bit(AT.isRep + state, 1);
    if (kind === KIND.short || kind === KIND.rep0) {
      this.#bit(AT.isRep0 + state, 0);
      this.#bit(AT.isLong + state * 16 + position, kind === KIND.rep0 ? 1 : 0);
    } else {
      const which = kind - KIND.rep0;
      this.#bit(AT.isRep0 + state, 1);
      this.#bit(AT.isRep1 + state, which > 1 ? 1 : 0);
      if (which > 1) this.#bit(AT.isRep2 + state, which - 2);
      const distance = reps[which] ?? 0;
      reps.copyWithin(1, 0, which);
      reps[0] = distance;
    }
    if (kind === KIND.short) {
      this.state = afterShort(state);
      return;
    }
    this.#length(AT.repLengths, position, length);
    this.state = afterRep(state);
  }

  #length(base: number, position: number, length: number): void {
    const value = length - MIN_MATCH;
    this.#bit(base + LENGTH.choice, value < 8 ? 0 : 1);
    if (value < 8) {
      this.#tree(base + LENGTH.low + position * 8, 3, value);
      return;
    }
    this.#bit(base + LENGTH.choice + 1, value < 16 ? 0 : 1);
    if (value < 16) this.#tree(base + LENGTH.middle + position * 8, 3, value - 8);
    else this.#tree(base + LENGTH.high, 8, value - 16);
  }

  /** `distance` counts from 0. */
  #distance(length: number, distance: number): void {
    const top = 31 - Math.clz32(distance);
    const slot = distance < 4 ? distance : top * 2 + ((distance >>> (top - 1)) & 1);
    this.#tree(AT.slots + Math.min(length - MIN_MATCH, 3) * 64, 6, slot);
    if (slot < 4) return;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    const low = distance - (high >>> 0);
    if (slot < DIRECT_SLOT) {
      this.#reverse(AT.distances + high - slot, bits, low);
      return;
    }
    this.#direct(low >>> ALIGN_BITS, bits - ALIGN_BITS);
    this.#reverse(AT.align, ALIGN_BITS, low & 15);
  }

  #tree(base: number, bits: number, value: number): void {
    let node = 1;
    for (let shift = bits - 1; shift >= 0; shift--) {
      const bit = (value >> shift) & 1;
      this.#bit(base + node, bit);
      node = node * 2 + bit;
    }
  }

  #reverse(base: number, bits: number, value: number): void {
    let node = 1;
    for (let i = 0; i < bits; i++) {
      const bit = (value >> i) & 1;
      this.#bit(base + node, bit);
      node = node * 2 + bit;
    }
  }

  #direct(value: number, bits: number): void {
    for (let shift = bits - 1; shift >= 0; shift--) {
      if (this.#range >>> 24 === 0) this.#shift();
      this.#range = (this.#range >>> 1) | 0;
      if ((value >>> shift) & 1) this.#add(this.#range);
    }
  }

  #bit(index: number, bit: number): void {
    // Before the bit, not after: where a packer ends a chunk depends on it.
    if (this.#range >>> 24 === 0) this.#shift();
    const models = this.#models;
    const chance = models[index] ?? 0;
    const bound = Math.imul(this.#range >>> 11, chance);
    if (bit === 0) {
      this.#range = bound;
      models[index] = chance + ((2048 - chance) >> 5);
    } else {
      this.#add(bound);
      this.#range = (this.#range - bound) | 0;
      models[index] = chance - (chance >> 5);
    }
  }

  #add(bound: number): void {
    this.#low = (this.#low + bound) | 0;
    if (this.#low >>> 0 < bound >>> 0) this.#carry();
  }

  #carry(): void {
    const out = this.#out;
    let at = this.#size - 1;
    while (out[at] === 0xff) out[at--] = 0;
    out[at] = (out[at] ?? 0) + 1;
  }

  #shift(): void {
    this.#put(this.#low >>> 24);
    this.#low <<= 8;
    this.#range <<= 8;
  }

  #put(byte: number): void {
    this.#out[this.#size++] = byte;
  }
}

function tooLong(): UnreadableStreamError {
  return new UnreadableStreamError('a chunk that is too long');
}
