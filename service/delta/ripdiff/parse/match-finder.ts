import type { SymbolRules } from './symbols.ts';

/** Of the checksum by which liblzma finds matches of two and three bytes. */
const HASH_TABLE = new Int32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
const MASK2 = (1 << 10) - 1;
const MASK3 = (1 << 16) - 1;
/** Places that begin with the same 4, 6 or 10 bytes are followed from the last one back. */
const LONGEST_HASHED = 10;
/** Of each chain so many places are looked at. */
const DEPTH = 32;
/** Of each chain so many places are kept at most; of a large content a quarter of them. */
const KEPT = { short: 1 << 20, middle: 1 << 22, long: 1 << 23 } as const;
const KEPT_ALWAYS = 1 << 20;
const MOST_HASHES = 1 << 18;
export const MAX_PAIRS = 24;

/**
 * The matches that a packer could choose from: for each length the nearest one that is as long. As those of liblzma: of two and three
 * bytes only the last place is known.
 */
export class MatchFinder {
  count = 0;
  /** Ascending, and so are the distances. */
  readonly lengths = new Uint32Array(MAX_PAIRS);
  readonly distances = new Uint32Array(MAX_PAIRS);
  readonly #content: Uint8Array;
  readonly #rules: SymbolRules;
  readonly #heads2 = new Int32Array(MASK2 + 1);
  readonly #heads3 = new Int32Array(MASK3 + 1);
  readonly #short: Chain;
  readonly #middle: Chain;
  readonly #long: Chain;
  /** Places before this one can be found. */
  #next = 0;

  constructor(content: Uint8Array, rules: SymbolRules) {
    this.#content = content;
    this.#rules = rules;
    this.#short = new Chain(content.length, KEPT.short);
    this.#middle = new Chain(content.length, KEPT.middle);
    this.#long = new Chain(content.length, KEPT.long);
  }

  /** The longest length; 0 if there is none. */
  get longest(): number {
    return this.lengths[this.count - 1] ?? 0;
  }

  /** What could be repeated at `at` of what comes after `start`, up to `most` bytes. Asked for ever later places. */
  find(at: number, start: number, most: number): void {
    this.count = 0;
    this.#insert(at, start);
    const content = this.#content;
    if (at + LONGEST_HASHED > content.length || most < this.#rules.minMatch) return;
    const limit = Math.min(most, this.#rules.maxMatch);
    const two = (HASH_TABLE[content[at] ?? 0] ?? 0) ^ (content[at + 1] ?? 0);
    let best = this.#rules.minMatch - 1;
    if (best < 2) best = this.#consider(at, start, (this.#heads2[two & MASK2] ?? 0) - 1, limit, best);
    const three = (two ^ ((content[at + 2] ?? 0) << 8)) & MASK3;
    best = this.#consider(at, start, (this.#heads3[three] ?? 0) - 1, limit, Math.max(best, 2));
    const first = word(content, at);
    best = this.#follow(this.#short, hash(first, 0), at, start, limit, Math.max(best, 3));
    best = this.#follow(this.#middle, hash(first, word(content, at + 2)), at, start, limit, best);
    this.#follow(this.#long, hash(first, word(content, at + 6)), at, start, limit, best);
  }

  #follow(chain: Chain, hashed: number, at: number, start: number, limit: number, longest: number): number {
    const content = this.#content;
    const { before, mask } = chain;
    let best = longest;
    let place = (chain.heads[hashed >>> chain.shift] ?? 0) - 1;
    for (let depth = DEPTH; depth > 0 && place >= start && best < limit; depth--) {
      if (content[place + best] === content[at + best]) best = this.#consider(at, start, place, limit, best);
      if (at - place > mask) break;
      place = (before[place & mask] ?? 0) - 1;
    }
    return best;
  }

  /** Answers the best length so far. */
  #consider(at: number, start: number, place: number, limit: number, best: number): number {
    if (place < start || best >= limit || this.count === MAX_PAIRS) return best;
    const content = this.#content;
    let length = 0;
    while (length < limit && content[place + length] === content[at + length]) length++;
    if (length <= best) return best;
    this.lengths[this.count] = length;
    this.distances[this.count++] = at - place;
    return length;
  }

  #insert(at: number, start: number): void {
    const content = this.#content;
    const heads2 = this.#heads2;
    const heads3 = this.#heads3;
    const { heads: heads4, before: before4, mask: mask4 } = this.#short;
    const { heads: heads6, before: before6, mask: mask6 } = this.#middle;
    const { heads: heads10, before: before10, mask: mask10, shift } = this.#long;
    const end = Math.min(at, content.length - LONGEST_HASHED + 1);
    let place = Math.max(this.#next, start);
    if (place >= end) return;
    let first = word(content, place);
    for (; place < end; place++) {
      const two = (HASH_TABLE[first & 255] ?? 0) ^ ((first >>> 8) & 255);
      heads2[two & MASK2] = place + 1;
      heads3[(two ^ ((first >>> 8) & 0xff00)) & MASK3] = place + 1;
      const third = word(content, place + 6);
      const second = (first >>> 16) | ((content[place + 4] ?? 0) << 16) | ((content[place + 5] ?? 0) << 24);
      const hash4 = hash(first, 0) >>> shift;
      before4[place & mask4] = heads4[hash4] ?? 0;
      heads4[hash4] = place + 1;
      const hash6 = hash(first, second) >>> shift;
      before6[place & mask6] = heads6[hash6] ?? 0;
      heads6[hash6] = place + 1;
      // The two bytes in between are left to the comparison.
      const hash10 = hash(first, third) >>> shift;
      before10[place & mask10] = heads10[hash10] ?? 0;
      heads10[hash10] = place + 1;
      first = (first >>> 8) | ((content[place + 4] ?? 0) << 24);
    }
    this.#next = place;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function hash(first: number, second: number): number {
  return Math.imul(Math.imul(first, 0x2c1b3c6d) ^ second, 0x9e3779b1);
}

/** For each place the one before it that begins with the same bytes, as far as it is kept. */
class Chain {
  /** Where each hash came last; counted from 1. */
  readonly heads: Int32Array;
  /** Of a hash so many bits are left away. */
  readonly shift: number;
  readonly before: Int32Array;
  readonly mask: number;

  constructor(contentBytes: number, mostKept: number) {
    const kept = powerOver(Math.min(contentBytes, mostKept, Math.max(KEPT_ALWAYS, contentBytes / 4)));
    this.before = new Int32Array(kept);
    this.mask = kept - 1;
    const hashes = powerOver(Math.min(contentBytes, MOST_HASHES));
    this.heads = new Int32Array(hashes);
    this.shift = Math.clz32(hashes) + 1;
  }
}

/** A power of two that is no less, from 2 on. */
function powerOver(value: number): number {
  let power = 2;
  while (power < value) power *= 2;
  return power;
}
