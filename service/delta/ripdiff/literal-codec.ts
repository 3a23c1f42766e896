import { BitModels } from './bit-models.ts';
import { Mixer, stretch } from './logistic.ts';
import type { BitCoder } from './range-coder.ts';

const MAX_HASH_BITS = 20;
const MAX_WINDOW_BITS = 22;
const MAX_MATCH_BITS = 18;
const MIN_BITS = 12;
const MIN_MATCH = 5;
const ORDERS = 6;
const INPUTS = ORDERS + 2;
/** Orders that training touches: not those of the old byte at the same place. */
const TRAINED_ORDERS = 4;

/** Kinds of place that literals and changed bytes are told apart by. */
export const REGION = { code: 0, data: 1, text: 2, other: 3 } as const;
export const REGION_COUNT = 4;

/**
 * Codes bytes that are in no old file: a mix of the contexts of the bytes before (of the new file), of the old byte that stands where the old file
 * went on, and of the longest earlier match.
 */
export class LiteralCodec {
  private readonly hashShift: number;
  private readonly matchShift: number;
  /** The last bytes; empty where nothing will ever be coded. */
  private readonly window: Uint8Array;
  private readonly mask: number;
  private position = 0;
  private readonly orders: BitModels[] = [];
  private readonly order0 = new BitModels(REGION_COUNT * 256, 255);
  private readonly matchBits = new BitModels(64 * 2, 1023);
  private readonly heads: Int32Array;
  private readonly mixer = new Mixer(INPUTS, 3 * 16 * REGION_COUNT, 3, 20000);
  private readonly bases = new Int32Array(ORDERS);
  /** Where the 16 slots of each order begin for the half byte that is being coded: they share a line of the cache. */
  private readonly groups = new Int32Array(ORDERS);
  private match = 0;
  private matchLength = 0;

  /** So many bytes will be coded or learned, and so many seen besides, at most: tables are made for that. */
  constructor(bytes: number, seenBytes: number) {
    const bits = (room: number, most: number): number =>
      Math.max(MIN_BITS, Math.min(most, Math.ceil(Math.log2(Math.max(1, room)))));
    // A byte touches two groups of 16 slots.
    const hashBits = bits(32 * bytes, MAX_HASH_BITS);
    this.hashShift = 32 - hashBits;
    for (let i = 0; i < ORDERS; i++) this.orders.push(new BitModels(i === 0 ? 1 << 17 : 1 << hashBits, 60));
    this.window = new Uint8Array(bytes === 0 ? 0 : 1 << bits(2 * (bytes + seenBytes), MAX_WINDOW_BITS));
    this.mask = Math.max(0, this.window.length - 1);
    const matchBits = bits(2 * (bytes + seenBytes), MAX_MATCH_BITS);
    this.matchShift = 32 - matchBits;
    this.heads = new Int32Array(bytes === 0 ? 0 : 1 << matchBits);
  }

  /** Bytes that were copied rather than coded: contexts see them. */
  see(bytes: Uint8Array): void {
    const { length } = this.window;
    if (length === 0) return;
    const from = bytes.length > length ? bytes.subarray(bytes.length - length) : bytes;
    const at = (this.position + bytes.length - from.length) & this.mask;
    const first = Math.min(from.length, length - at);
    this.window.set(from.subarray(0, first), at);
    if (first < from.length) this.window.set(from.subarray(first), 0);
    this.position = (this.position + bytes.length) % 0x40000000;
    this.matchLength = 0;
  }

  /**
   * Learns from bytes that both sides have, as if they had been coded. Contexts go on from the new file's last bytes afterwards.
   */
  train(bytes: Uint8Array, region: number): void {
    const kept = new Uint8Array(8).map((_, i) => this.before(8 - i));
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      this.setContexts(bytes[i] ?? 0, bytes[i + 1] ?? 0);
      this.learn(region, 1, byte >>> 4);
      this.learn(region, 16 | (byte >>> 4), byte & 15);
      this.append(byte);
    }
    this.see(kept);
  }

  /** Learns the half byte `value` that follows `start`: 1, or the first half with 16 added. */
  private learn(region: number, start: number, value: number): void {
    const { groups, orders, order0 } = this;
    this.setGroups(start, TRAINED_ORDERS);
    let node = 1;
    for (let shift = 3; shift >= 0; shift--) {
      const bit = (value >>> shift) & 1;
      order0.update(region * 256 + ((start << (3 - shift)) | (node & ((1 << (3 - shift)) - 1))), bit);
      for (let k = 0; k < TRAINED_ORDERS; k++) orders[k]?.update((groups[k] ?? 0) | node, bit);
      node = node * 2 + bit;
    }
  }

  private setGroups(start: number, count: number): void {
    const { groups, bases } = this;
    groups[0] = (bases[0] ?? 0) | ((start & 31) << 4);
    for (let k = 1; k < count; k++) {
      const mixed = Math.imul((bases[k] ?? 0) + Math.imul(start, 0x9e3779b1), 0x85ebca6b);
      groups[k] = ((mixed ^ (mixed >>> 15)) >>> this.hashShift) & ~15;
    }
  }

  /** The byte `back` places before the next one. */
  before(back: number): number {
    return this.window[(this.position - back) & this.mask] ?? 0;
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
    for (let i = 0; i < out.length; i++) {
      const byte = this.codeByte(
        coder,
        target?.[i] ?? 0,
        region,
        old[oldPosition + i] ?? 0,
        old[oldPosition + i + 1] ?? 0,
      );
      out[i] = byte;
      this.append(byte);
    }
  }

  private append(byte: number): void {
    this.window[this.position & this.mask] = byte;
    this.position = (this.position + 1) % 0x40000000;
    if (this.matchLength > 0) {
      if (this.window[this.match & this.mask] === byte) {
        this.match++;
        if (this.matchLength < 400) this.matchLength++;
      } else {
        this.matchLength = 0;
      }
    }
    let hash = 0;
    for (let k = 1; k <= MIN_MATCH; k++) hash = Math.imul(hash + this.before(k) + 1, 0x2c9277b5);
    hash >>>= this.matchShift;
    if (this.matchLength === 0) {
      const candidate = this.heads[hash] ?? 0;
      if (candidate > 0 && this.position - candidate < this.window.length - 512) {
        let length = 0;
        while (length < 32 && this.window[(candidate - 1 - length) & this.mask] === this.before(length + 1)) length++;
        if (length >= MIN_MATCH) {
          this.match = candidate;
          this.matchLength = length;
        }
      }
    }
    this.heads[hash] = this.position;
  }

  private setContexts(aligned: number, alignedNext: number): void {
    const c1 = this.before(1);
    const c2 = this.before(2);
    const c3 = this.before(3);
    const c4 = this.before(4);
    const { bases } = this;
    bases[0] = c1 << 9;
    bases[1] = Math.imul((c2 << 8) | c1 | 0x1000000, 0x2f0b4c47);
    bases[2] = Math.imul((c3 << 16) | (c2 << 8) | c1 | 0x2000000, 0x3c6ef35f);
    bases[3] = Math.imul(((c4 << 24) | (c3 << 16) | (c2 << 8) | c1) ^ 0x5bd1e995, 0x27d4eb2d);
    bases[4] = Math.imul((aligned << 8) | c1 | 0x3000000, 0x1b873593);
    bases[5] = Math.imul((alignedNext << 16) | (aligned << 8) | c2 | 0x4000000, 0x165667b1);
  }

  private codeByte(coder: BitCoder, byte: number, region: number, aligned: number, alignedNext: number): number {
    this.setContexts(aligned, alignedNext);
    const { groups, orders, mixer, matchBits, order0 } = this;
    const expected = this.matchLength > 0 ? (this.window[this.match & this.mask] ?? 0) : -1;
    const strength =
      this.matchLength === 0
        ? 0
        : Math.min(15, this.matchLength < 16 ? this.matchLength >> 1 : 8 + (this.matchLength >> 4));
    let node = 1;
    let agrees = expected >= 0;
    for (let shift = 7; shift >= 0; shift--) {
      if (shift === 7 || shift === 3) this.setGroups(node, ORDERS);
      const inGroup = shift > 3 ? node : (node & ((1 << (3 - shift)) - 1)) | (1 << (3 - shift));
      mixer.put(0, order0.peek(region * 256 + node));
      for (let i = 0; i < ORDERS; i++) mixer.put(i + 1, orders[i]?.peek((groups[i] ?? 0) | inGroup) ?? 2048);
      const expectedBit = agrees ? (expected >>> shift) & 1 : 0;
      const matchSlot = strength * 2 + expectedBit;
      mixer.putStretched(ORDERS + 1, agrees ? stretch(matchBits.peek(matchSlot)) : 0);
      const p = mixer.mix((agrees ? strength : 0) * REGION_COUNT + region);
      const bit = coder.code(p, (byte >>> shift) & 1);
      mixer.learn(bit);
      order0.update(region * 256 + node, bit);
      for (let i = 0; i < ORDERS; i++) orders[i]?.update((groups[i] ?? 0) | inGroup, bit);
      if (agrees) {
        matchBits.update(matchSlot, bit);
        agrees = bit === expectedBit;
      }
      node = node * 2 + bit;
    }
    return node & 255;
  }
}
