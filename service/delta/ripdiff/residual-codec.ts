import { TRUST_COUNT } from '../exe/address-map.ts';
import { i32, putU32 } from '../exe/bytes.ts';
import type { Predictor } from '../exe/predictor.ts';
import { BUILD_ID_TEXT_LENGTH, KIND, KIND_COUNT, widthOf } from '../exe/references.ts';
import { BitModels } from './bit-models.ts';
import { ChangedBytes } from './changed-bytes.ts';
import { expectedBuildId, firstFrom, foresee, isForeseen, stretchEnd } from './foresight.ts';
import { REGION_COUNT } from './literal-codec.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

const CHUNK = 64;
/** Most stretches of this length are just as predicted, and one bit says so: nothing else is then coded for them. */
const STRETCH = 4096;
const CHOICES = { unmoved: 0, recent: 1, explicit: 7 } as const;
const RECENT = 6;

/** Codes how a copied block differs from what its old bytes and the predictor say. */
export class ResidualCodec {
  private readonly stretchFlags = new BitModels(REGION_COUNT * 64, 127);
  private readonly chunkFlags = new BitModels(REGION_COUNT * 64, 1023);
  private readonly wrongFlags = new BitModels(KIND_COUNT * TRUST_COUNT * 4, 1023);
  private readonly choices = new BitModels(KIND_COUNT * 8, 60);
  private readonly deltas = new NumberModels(KIND_COUNT, 60);
  private readonly bytes = new ChangedBytes();
  private readonly buildIdBytes = new BitModels(256, 127);
  private recent = new Int32Array(RECENT);
  private next = 0;
  private chunkHistory = 0;
  private stretchHistory = 0;
  private lastWrong = 0;

  /** Call once before the pieces of a block, in order. */
  beginBlock(predictor: Predictor, oldPosition: number): void {
    this.next = firstFrom(predictor.references, 0, oldPosition);
    this.bytes.begin();
  }

  beginFile(): void {
    this.recent.fill(0);
    this.chunkHistory = 0;
    this.stretchHistory = 0;
    this.lastWrong = 0;
  }

  /** How much of `length` bytes to do at once so that no reference is cut by the end of a piece (but by the end of a block). */
  pieceLength(predictor: Predictor, oldPosition: number, length: number, blockLength: number): number {
    const { positions, kinds } = predictor.references;
    const end = oldPosition + length;
    const last = firstFrom(predictor.references, this.next, end) - 1;
    if (last < this.next) return length;
    const position = positions[last] ?? 0;
    const after = position + widthOf(kinds[last] ?? 0);
    const cut = after > end && after <= oldPosition + blockLength && position > oldPosition;
    return cut ? position - oldPosition : length;
  }

  /** `out` holds the old bytes on entry and the new ones after; `target`: the new ones when encoding. */
  code(
    coder: BitCoder,
    predictor: Predictor,
    out: Uint8Array,
    target: Uint8Array | undefined,
    oldPosition: number,
    newPosition: number,
    region: number,
  ): void {
    const { references } = predictor;
    const { length } = out;
    for (let from = 0; from < length; ) {
      const { next } = this;
      const end = stretchEnd(references, next, Math.min(from + STRETCH, length), oldPosition, length);
      const same = target && isForeseen(predictor, next, out, target, from, end, oldPosition, newPosition);
      const context = region * 64 + (this.stretchHistory & 63);
      const changed = this.stretchFlags.code(coder, context, same === false ? 1 : 0);
      this.stretchHistory = this.stretchHistory * 2 + changed;
      if (changed !== 0) this.codeStretch(coder, predictor, out, target, from, end, oldPosition, newPosition, region);
      else this.next = foresee(predictor, next, out, from, end, oldPosition, newPosition);
      from = end;
    }
    this.bytes.moveOn(length);
  }

  private codeStretch(
    coder: BitCoder,
    predictor: Predictor,
    out: Uint8Array,
    target: Uint8Array | undefined,
    from: number,
    stop: number,
    oldPosition: number,
    newPosition: number,
    region: number,
  ): void {
    const { positions, kinds, count } = predictor.references;
    const length = out.length;
    let reference = this.next;
    let at = from;
    for (let start = from; start < stop; start += CHUNK) {
      const end = Math.min(start + CHUNK, stop);
      const plain = target ? this.plainChange(predictor, out, target, at, end, oldPosition, reference) : 0;
      const context = region * 64 + (this.chunkHistory & 63);
      const changed = this.chunkFlags.code(coder, context, plain);
      this.chunkHistory = this.chunkHistory * 2 + changed;
      this.bytes.beginChunk();
      while (at < end) {
        let plainEnd = end;
        let width = 0;
        while (reference < count) {
          const position = (positions[reference] ?? 0) - oldPosition;
          if (position < at) {
            reference++;
            continue;
          }
          const size = widthOf(kinds[reference] ?? 0);
          if (position < end && position + size <= length) {
            plainEnd = position;
            width = size;
          }
          break;
        }
        if (changed !== 0) this.bytes.code(coder, out, target, at, plainEnd, region, this.lastWrong);
        at = plainEnd;
        if (width === 0) break;
        this.codeReference(coder, predictor, reference, out, target, at, oldPosition, newPosition);
        at += width;
        reference++;
      }
    }
    this.next = reference;
  }

  private plainChange(
    predictor: Predictor,
    out: Uint8Array,
    target: Uint8Array,
    from: number,
    end: number,
    oldPosition: number,
    first: number,
  ): number {
    const { positions, kinds, count } = predictor.references;
    let reference = first;
    for (let at = from; at < end; ) {
      if (out[at] === target[at]) {
        at++;
        continue;
      }
      while (reference < count) {
        const position = (positions[reference] ?? 0) - oldPosition;
        if (position < from || position + widthOf(kinds[reference] ?? 0) <= at) reference++;
        else break;
      }
      const position = reference < count ? (positions[reference] ?? 0) - oldPosition : out.length;
      const width = widthOf(kinds[reference] ?? 0);
      if (position > at || position + width > out.length) return 1;
      at = position + width;
    }
    return 0;
  }

  private codeReference(
    coder: BitCoder,
    predictor: Predictor,
    reference: number,
    out: Uint8Array,
    target: Uint8Array | undefined,
    at: number,
    oldPosition: number,
    newPosition: number,
  ): void {
    const kind = predictor.references.kinds[reference] ?? 0;
    if (kind === KIND.buildIdText) {
      this.codeBuildId(coder, predictor, reference, out, target, at);
      return;
    }
    const oldWord = i32(out, at);
    const predicted = predictor.predict(reference, oldWord, oldPosition + at, newPosition + at) | 0;
    const actual = target ? i32(target, at) : 0;
    const near = at - this.bytes.lastChange <= 4 ? 1 : 0;
    const context = ((kind * TRUST_COUNT + predictor.trust) * 2 + this.lastWrong) * 2 + near;
    const wrong = this.wrongFlags.code(coder, context, actual === predicted ? 0 : 1);
    this.lastWrong = wrong;
    if (wrong === 0) {
      putU32(out, at, predicted);
      return;
    }
    const delta = (actual - predicted) | 0;
    let choice: number = CHOICES.explicit;
    if (target) {
      const known = this.recent.indexOf(delta);
      if (actual === oldWord) choice = CHOICES.unmoved;
      else if (known >= 0) choice = CHOICES.recent + known;
    }
    choice = this.choices.codeTree(coder, kind * 8, 3, choice);
    let result: number;
    if (choice === CHOICES.unmoved) {
      result = oldWord;
    } else {
      const value =
        choice === CHOICES.explicit
          ? this.deltas.codeSigned(coder, kind, delta) | 0
          : (this.recent[choice - CHOICES.recent] ?? 0);
      result = (predicted + value) | 0;
      this.remember(value);
    }
    predictor.learn(reference, predicted, result);
    putU32(out, at, result);
  }

  private remember(delta: number): void {
    const { recent } = this;
    const known = recent.indexOf(delta);
    recent.copyWithin(1, 0, known < 0 ? RECENT - 1 : known);
    recent[0] = delta;
  }

  private codeBuildId(
    coder: BitCoder,
    predictor: Predictor,
    reference: number,
    out: Uint8Array,
    target: Uint8Array | undefined,
    at: number,
  ): void {
    const expected = expectedBuildId(predictor, reference);
    const actual = target?.subarray(at, at + BUILD_ID_TEXT_LENGTH);
    const same = actual?.every((byte, i) => byte === expected[i]) ? 0 : 1;
    if (this.wrongFlags.code(coder, KIND.buildIdText * TRUST_COUNT * 4, same) === 0) {
      out.set(expected, at);
      return;
    }
    for (let i = 0; i < BUILD_ID_TEXT_LENGTH; i++)
      out[at + i] = this.buildIdBytes.codeTree(coder, 0, 8, actual?.[i] ?? 0);
  }
}
