import { BitModels, EVEN, learned } from './bit-models.ts';
import { LiteralWindow, tableBits } from './literal-window.ts';
import { squash, stretch, trained } from './logistic.ts';
import type { BitCoder } from './range-coder.ts';

const MAX_HASH_BITS = 19;
/** Slots by the last byte alone need no hash. */
const FIRST_BITS = 17;
const ORDERS = 6;
const INPUTS = ORDERS + 2;
const LIMIT = 60;
const RATE = 3;
const FIRST_WEIGHT = 20_000;
const STRENGTHS = 16;
/** Training learns for the new bytes alone: its old bytes have no old bytes at the same place. */
const KEPT_CONTEXT = 8;

/** Kinds of place that literals and changed bytes are told apart by. */
export const REGION = { code: 0, data: 1, text: 2, other: 3 } as const;
export const REGION_COUNT = 4;

/**
 * Codes bytes that are in no old file: a mix of the contexts of the bytes before (of the new file), of the old byte that stands where the old file
 * went on, and of the longest earlier match. Its loops run for most of the time that a bundle takes: they are written out for the six contexts,
 * whose slots lie in one array, and keep to whole numbers of 32 bits.
 */
export class LiteralCodec {
  private readonly window: LiteralWindow;
  private readonly hashShift: number;
  private readonly slotCount: number;
  /** One order after the other, as in `BitModels`; made when the first byte comes. */
  private slots: Int32Array | undefined;
  /** Where each order begins. */
  private readonly start1 = 1 << FIRST_BITS;
  private readonly start2: number;
  private readonly start3: number;
  private readonly start4: number;
  private readonly start5: number;
  private readonly order0 = new BitModels(REGION_COUNT * 256, 255);
  private readonly matchBits = new BitModels(STRENGTHS * 4, 1023);
  private readonly weights = new Int32Array(INPUTS * STRENGTHS * REGION_COUNT).fill(FIRST_WEIGHT);

  /** So many bytes will be coded or learned, and so many seen besides, at most: tables are made for that. */
  constructor(bytes: number, seenBytes: number) {
    // A byte touches two groups of 16 slots.
    const hashBits = tableBits(32 * bytes, MAX_HASH_BITS);
    this.hashShift = 32 - hashBits;
    this.start2 = this.start1 + (1 << hashBits);
    this.start3 = this.start2 + (1 << hashBits);
    this.start4 = this.start3 + (1 << hashBits);
    this.start5 = this.start4 + (1 << hashBits);
    this.slotCount = this.start5 + (1 << hashBits);
    this.window = new LiteralWindow(bytes, seenBytes);
  }

  /** Bytes that were copied rather than coded: contexts see them. */
  see(bytes: Uint8Array): void {
    this.window.see(bytes);
  }

  /**
   * Learns from bytes that both sides have, as if they had been coded. Contexts go on from the new file's last bytes afterwards.
   */
  train(bytes: Uint8Array, region: number): void {
    const { window } = this;
    this.slots ??= new Int32Array(this.slotCount);
    const kept = new Uint8Array(KEPT_CONTEXT).map((_, i) => window.before(KEPT_CONTEXT - i));
    let last4 = (window.before(4) << 24) | (window.before(3) << 16) | (window.before(2) << 8) | window.before(1);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      this.learnByte(this.slots, byte, last4, region * 256);
      window.note(byte);
      last4 = (last4 << 8) | byte;
    }
    this.see(kept);
  }

  private learnByte(slots: Int32Array, byte: number, last4: number, order0Base: number): void {
    const { order0, hashShift, start1, start2, start3 } = this;
    const base0 = (last4 & 255) << 9;
    const base1 = hash2(last4);
    const base2 = hash3(last4);
    const base3 = hash4(last4);
    let node = 1;
    let group0 = 0;
    let group1 = 0;
    let group2 = 0;
    let group3 = 0;
    for (let shift = 7; shift >= 0; shift--) {
      if ((shift & 3) === 3) {
        group0 = base0 | ((node & 31) << 4);
        group1 = start1 + groupOf(base1, node, hashShift);
        group2 = start2 + groupOf(base2, node, hashShift);
        group3 = start3 + groupOf(base3, node, hashShift);
      }
      const inGroup = shift > 3 ? node : (node & ((8 >> shift) - 1)) | (8 >> shift);
      const bit = (byte >>> shift) & 1;
      order0.update(order0Base + node, bit);
      update(slots, group0 | inGroup, bit);
      update(slots, group1 | inGroup, bit);
      update(slots, group2 | inGroup, bit);
      update(slots, group3 | inGroup, bit);
      node = node * 2 + bit;
    }
  }

  /** Codes `out.length` bytes into `out` from `target`; `old` from `oldPosition` is what stood there before. */
  code(
    coder: BitCoder,
    out: Uint8Array,
    target: Uint8Array | undefined,
    region: number,
    old: Uint8Array,
    oldPosition: number,
  ): void {
    this.slots ??= new Int32Array(this.slotCount);
    for (let i = 0; i < out.length; i++) {
      const at = oldPosition + i;
      const aligned = at < old.length ? (old[at] ?? 0) : 0;
      const alignedNext = at + 1 < old.length ? (old[at + 1] ?? 0) : 0;
      const byte = this.codeByte(coder, this.slots, target ? (target[i] ?? 0) : 0, region, aligned, alignedNext);
      out[i] = byte;
      this.window.append(byte);
    }
  }

  private codeByte(
    coder: BitCoder,
    slots: Int32Array,
    byte: number,
    region: number,
    aligned: number,
    alignedNext: number,
  ): number {
    const { window, weights, matchBits, order0, hashShift, start1, start2, start3, start4, start5 } = this;
    const { matchLength } = window;
    const last4 = (window.before(4) << 24) | (window.before(3) << 16) | (window.before(2) << 8) | window.before(1);
    const last = last4 & 255;
    const base0 = last << 9;
    const base1 = hash2(last4);
    const base2 = hash3(last4);
    const base3 = hash4(last4);
    const base4 = Math.imul((aligned << 8) | last | 0x3000000, 0x1b873593);
    const base5 = Math.imul((alignedNext << 16) | (aligned << 8) | ((last4 >>> 8) & 255) | 0x4000000, 0x165667b1);
    const expected = matchLength > 0 ? (window.bytes[window.match & window.mask] ?? 0) : 0;
    const strength = matchLength === 0 ? 0 : Math.min(15, matchLength < 16 ? matchLength >> 1 : 8 + (matchLength >> 4));
    let node = 1;
    let agrees = matchLength > 0;
    let group0 = 0;
    let group1 = 0;
    let group2 = 0;
    let group3 = 0;
    let group4 = 0;
    let group5 = 0;
    for (let shift = 7; shift >= 0; shift--) {
      if ((shift & 3) === 3) {
        group0 = base0 | ((node & 31) << 4);
        group1 = start1 + groupOf(base1, node, hashShift);
        group2 = start2 + groupOf(base2, node, hashShift);
        group3 = start3 + groupOf(base3, node, hashShift);
        group4 = start4 + groupOf(base4, node, hashShift);
        group5 = start5 + groupOf(base5, node, hashShift);
      }
      const inGroup = shift > 3 ? node : (node & ((8 >> shift) - 1)) | (8 >> shift);
      const expectedBit = agrees ? (expected >>> shift) & 1 : 0;
      const matchSlot = strength * 2 + expectedBit;
      const w = ((agrees ? strength : 0) * REGION_COUNT + region) * INPUTS;
      const s0 = stretch(order0.peek(region * 256 + node));
      const s1 = stretch(peek(slots, group0 | inGroup));
      const s2 = stretch(peek(slots, group1 | inGroup));
      const s3 = stretch(peek(slots, group2 | inGroup));
      const s4 = stretch(peek(slots, group3 | inGroup));
      const s5 = stretch(peek(slots, group4 | inGroup));
      const s6 = stretch(peek(slots, group5 | inGroup));
      const s7 = agrees ? stretch(matchBits.peek(matchSlot)) : 0;
      const p0 = Math.imul(weights[w] ?? 0, s0);
      const p1 = Math.imul(weights[w + 1] ?? 0, s1);
      const p2 = Math.imul(weights[w + 2] ?? 0, s2);
      const p3 = Math.imul(weights[w + 3] ?? 0, s3);
      const p4 = Math.imul(weights[w + 4] ?? 0, s4);
      const p5 = Math.imul(weights[w + 5] ?? 0, s5);
      const p6 = Math.imul(weights[w + 6] ?? 0, s6);
      const p7 = Math.imul(weights[w + 7] ?? 0, s7);
      const high =
        (p0 >> 16) + (p1 >> 16) + (p2 >> 16) + (p3 >> 16) + (p4 >> 16) + (p5 >> 16) + (p6 >> 16) + (p7 >> 16);
      const low = low16(p0) + low16(p1) + low16(p2) + low16(p3) + low16(p4) + low16(p5) + low16(p6) + low16(p7);
      const mixed = squash((high + (low >> 16)) | 0);
      const bit = coder.code(mixed, (byte >>> shift) & 1);
      const error = Math.imul((-bit & 65535) - mixed, RATE);
      weights[w] = trained(weights[w] ?? 0, s0, error);
      weights[w + 1] = trained(weights[w + 1] ?? 0, s1, error);
      weights[w + 2] = trained(weights[w + 2] ?? 0, s2, error);
      weights[w + 3] = trained(weights[w + 3] ?? 0, s3, error);
      weights[w + 4] = trained(weights[w + 4] ?? 0, s4, error);
      weights[w + 5] = trained(weights[w + 5] ?? 0, s5, error);
      weights[w + 6] = trained(weights[w + 6] ?? 0, s6, error);
      weights[w + 7] = trained(weights[w + 7] ?? 0, s7, error);
      order0.update(region * 256 + node, bit);
      update(slots, group0 | inGroup, bit);
      update(slots, group1 | inGroup, bit);
      update(slots, group2 | inGroup, bit);
      update(slots, group3 | inGroup, bit);
      update(slots, group4 | inGroup, bit);
      update(slots, group5 | inGroup, bit);
      if (agrees) {
        matchBits.update(matchSlot, bit);
        agrees = bit === expectedBit;
      }
      node = node * 2 + bit;
    }
    return node & 255;
  }
}

/** Hashes of the last two, three and four bytes. */
function hash2(last4: number): number {
  return Math.imul((last4 & 0xffff) | 0x1000000, 0x2f0b4c47);
}

function hash3(last4: number): number {
  return Math.imul((last4 & 0xffffff) | 0x2000000, 0x3c6ef35f);
}

function hash4(last4: number): number {
  return Math.imul(last4 ^ 0x5bd1e995, 0x27d4eb2d);
}

/** Where the 16 slots of a context begin for the half byte after `node`: they share a line of the cache. */
function groupOf(base: number, node: number, hashShift: number): number {
  const mixed = Math.imul(base + Math.imul(node, 0x9e3779b1), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 15)) >>> hashShift) & ~15;
}

/** Probability in 1/4096. */
function peek(slots: Int32Array, index: number): number {
  return ((slots[index] ?? 0) ^ EVEN) >>> 20;
}

function update(slots: Int32Array, index: number, bit: number): void {
  slots[index] = learned((slots[index] ?? 0) ^ EVEN, bit, LIMIT) ^ EVEN;
}

function low16(value: number): number {
  return value & 65535;
}
