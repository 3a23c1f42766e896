import { UnreadableStreamError } from '../../deflate/format.ts';
import { BitModels } from '../bit-models.ts';
import type { BitCoder } from '../range-coder.ts';
import { NOTHING } from './foreseen.ts';
import type { MatchFinder } from './match-finder.ts';
import { MixedBits } from './mixed-bits.ts';
import type { Packing } from './packing.ts';
import { type History, KIND, type Kind } from './symbols.ts';

const EVEN_CHANCE = 32768;
const FAST_LIMIT = 60;
/** Of a distance: the highest bits are foreseen together, and the lowest. */
const TOP_BITS = 3;
const LOW_BITS = 4;

/** Codes one symbol after another, in the light of what is foreseen and what could be repeated. */
export class SymbolCodec {
  kind: Kind = KIND.literal;
  length = 0;
  distance = 0;
  readonly #same = new MixedBits([512, 1024, 2048, 512, 1024], 64);
  readonly #kinds = new MixedBits([2048, 8192, 2048], 64);
  readonly #isFull = new MixedBits([2048, 1024, 512], 8);
  readonly #lengths = new BitModels(512 * 16, FAST_LIMIT);
  readonly #isForeseen = new MixedBits([256, 256], 8);
  readonly #pairs = new MixedBits([512, 1024, 512], 8);
  readonly #widths = new BitModels(64, FAST_LIMIT);
  readonly #distanceBits = new BitModels(64 * 32, FAST_LIMIT);
  /** Whether the last symbols were other than foreseen, the newest lowest. */
  #history = 0;
  /** Symbols since one was. */
  #run = 0;

  beginFile(): void {
    this.#history = 0;
    this.#run = 0;
  }

  /**
   * Sets kind, length and distance of the next symbol; given are those of the real one. It makes sense where it stands, and is no
   * longer than `most`. @throws UnreadableStreamError for one that does not
   */
  code(coder: BitCoder, packing: Packing<History>, most: number, kind: Kind, length: number, distance: number): void {
    const { foreseen, finder, at, start } = packing;
    const { reps } = packing.writer;
    foreseen.look(at, start, most, reps);
    const mask = packing.repeatable(most);
    if (foreseen.kind !== NOTHING) {
      const same =
        kind === foreseen.kind && length === foreseen.length && (kind !== KIND.match || distance === foreseen.distance);
      if (this.#codeSame(coder, packing, mask, same ? 1 : 0) !== 0) {
        this.kind = foreseen.kind;
        this.length = foreseen.length;
        this.distance = foreseen.distance;
        return;
      }
    }
    this.kind = this.#codeKind(coder, packing, mask, kind);
    if (this.kind > KIND.rep3) throw new UnreadableStreamError('a symbol of no kind');
    this.length = 1;
    this.distance = 0;
    if (this.kind === KIND.literal) return;
    finder.count = 0;
    if (this.kind === KIND.match) this.distance = this.#codeDistance(coder, packing, most, distance);
    else this.distance = reps[Math.max(0, this.kind - KIND.rep0)] ?? 0;
    if (this.distance < 1 || this.distance > at - start) throw new UnreadableStreamError('a distance before its start');
    if (this.kind !== KIND.short) this.length = this.#codeLength(coder, packing, most, length);
    if (this.length > most) throw new UnreadableStreamError('a match past its end');
  }

  #codeSame(coder: BitCoder, { foreseen, writer }: Packing<History>, mask: number, bit: number): number {
    const { kind, length, full, oldKind, nextKind } = foreseen;
    const history = this.#history;
    const aligned = foreseen.isAligned ? 1 : 0;
    const same = this.#same;
    same.set(0, ((history & 31) * 8 + kind) * 2 + aligned);
    same.set(1, (((history & 3) * 8 + kind) * 16 + Math.min(length, 15)) * 2 + (full > length ? 1 : 0));
    same.set(2, ((oldKind * 8 + nextKind) * 16 + writer.state) * 2 + aligned);
    same.set(3, ((history & 1) * 8 + kind) * 32 + mask);
    same.set(4, ((Math.min(this.#run, 31) * 8 + kind) * 2 + (foreseen.isCopied ? 1 : 0)) * 2 + aligned);
    const result = same.code(coder, kind * 8 + (history & 7), bit);
    this.#history = (history << 1) | (1 - result);
    this.#run = result === 0 ? 0 : this.#run + 1;
    return result;
  }

  #codeKind(coder: BitCoder, { foreseen, writer }: Packing<History>, mask: number, given: Kind): Kind {
    const { kind, length, oldKind, nextKind } = foreseen;
    const kinds = this.#kinds;
    const aligned = foreseen.isAligned ? 1 : 0;
    let node = 1;
    for (let shift = 2; shift >= 0; shift--) {
      kinds.set(0, (kind * 32 + mask) * 8 + node);
      kinds.set(1, ((oldKind * 8 + nextKind) * 16 + writer.state) * 8 + node);
      kinds.set(2, (((this.#history & 15) * 8 + Math.min(length, 7)) * 2 + aligned) * 8 + node);
      node = node * 2 + kinds.code(coder, kind * 8 + node, (given >> shift) & 1);
    }
    return node - 8;
  }

  #codeDistance(
    coder: BitCoder,
    { foreseen, finder, at, start }: Packing<History>,
    most: number,
    distance: number,
  ): number {
    const { kind, full } = foreseen;
    if (foreseen.distance !== 0) {
      const isForeseen = this.#isForeseen;
      isForeseen.set(0, kind * 32 + Math.min(full, 31));
      isForeseen.set(1, (this.#history & 7) * 32 + Math.min(full, 31));
      if (isForeseen.code(coder, kind, distance === foreseen.distance ? 1 : 0) !== 0) return foreseen.distance;
    }
    finder.find(at, start, most);
    const { count, distances } = finder;
    for (let i = count - 1; i >= 0; i--)
      if (this.#codePair(coder, finder, i, kind, distance === distances[i] ? 1 : 0) !== 0) return distances[i] ?? 0;
    return this.#codeAnyDistance(coder, distance);
  }

  /** Whether it is match `index` of those that were found. */
  #codePair(
    coder: BitCoder,
    { count, lengths, distances }: MatchFinder,
    index: number,
    kind: Kind,
    bit: number,
  ): number {
    const longer = count - 1 - index;
    const length = Math.min(lengths[index] ?? 0, 15);
    const shorter = Math.min(lengths[index - 1] ?? 0, 15);
    const pairs = this.#pairs;
    pairs.set(0, (Math.min(longer, 7) * 8 + Math.min(index, 7)) * 8 + kind);
    pairs.set(1, (Math.min(longer, 3) * 16 + length) * 16 + shorter);
    pairs.set(2, (31 - Math.clz32(distances[index] ?? 0)) * 16 + length);
    return pairs.code(coder, Math.min(longer, 7), bit);
  }

  #codeAnyDistance(coder: BitCoder, distance: number): number {
    const value = distance - 1;
    const bits = Math.min(32, this.#widths.codeTree(coder, 0, 6, 32 - Math.clz32(value)));
    let result = bits === 0 ? 0 : 1;
    for (let left = bits - 2; left >= 0; left--) {
      const isTop = bits - 2 - left < TOP_BITS;
      const slot = bits * 32 + (isTop ? result & 7 : 16 + left);
      const bit = (value >>> left) & 1;
      const isForeseen = isTop || left < LOW_BITS;
      result = result * 2 + (isForeseen ? this.#distanceBits.code(coder, slot, bit) : coder.code(EVEN_CHANCE, bit));
    }
    return result + 1;
  }

  #codeLength(
    coder: BitCoder,
    { foreseen, finder, at, rules }: Packing<History>,
    most: number,
    length: number,
  ): number {
    const { kind, distance } = this;
    const full = foreseen.matchLength(at, distance, most);
    if (full >= rules.minMatch) {
      const isFull = this.#isFull;
      const short = Math.min(full, 15);
      isFull.set(0, (kind * 32 + Math.min(full, 31)) * 8 + foreseen.kind);
      isFull.set(1, (kind * 16 + short) * 8 + (this.#history & 7));
      isFull.set(2, (short * 16 + Math.min(finder.longest, 15)) * 2 + (distance === foreseen.distance ? 1 : 0));
      if (isFull.code(coder, kind, full === length ? 1 : 0) !== 0) return full;
    }
    return rules.minMatch + this.#lengths.codeTree(coder, Math.min(full, 15) * 512, 9, length - rules.minMatch);
  }
}
