import { TRUST_COUNT } from '../exe/address-map.ts';
import { i32, putU32 } from '../exe/bytes.ts';
import type { Predictor } from '../exe/predictor.ts';
import { BUILD_ID_TEXT_LENGTH, KIND, KIND_COUNT, widthOf } from '../exe/references.ts';
import { BitModels } from './bit-models.ts';
import { REGION_COUNT } from './literal-codec.ts';
import { Mixer } from './logistic.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

const CHUNK = 64;
const CHOICES = { unmoved: 0, recent: 1, explicit: 7 } as const;
const RECENT = 6;

/** Codes how a copied block differs from what its old bytes and the predictor say. */
export class ResidualCodec {
  private readonly chunkFlags = new BitModels(REGION_COUNT * 64, 1023);
  private readonly wrongFlags = new BitModels(KIND_COUNT * TRUST_COUNT * 4, 1023);
  private readonly choices = new BitModels(KIND_COUNT * 8, 60);
  private readonly deltas = new NumberModels(KIND_COUNT, 60);
  private readonly changedByDistance = new BitModels(REGION_COUNT * 64 * 2, 255);
  private readonly changedByOld = new BitModels(REGION_COUNT * 65536, 255);
  private readonly changedByCount = new BitModels(REGION_COUNT * 256, 255);
  private readonly changedMixer = new Mixer(3, REGION_COUNT, 10, 28000);
  private readonly valueByOld = new BitModels(REGION_COUNT * 65536, 127);
  private readonly valueByLast = new BitModels(65536, 127);
  private readonly valueByDiff = new BitModels(65536, 127);
  private readonly valueMixer = new Mixer(3, REGION_COUNT, 14, 28000);
  private recent = new Int32Array(RECENT);
  private next = 0;
  private chunkHistory = 0;
  private lastWrong = 0;
  private lastChange = 0;
  private lastDiff = 0;
  private changesInChunk = 0;

  /** Call once before the pieces of a block, in order. */
  beginBlock(predictor: Predictor, oldPosition: number): void {
    const { positions, count } = predictor.references;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] ?? 0) < oldPosition) low = middle + 1;
      else high = middle;
    }
    this.next = low;
    this.lastChange = -64;
  }

  beginFile(): void {
    this.recent.fill(0);
    this.chunkHistory = 0;
    this.lastWrong = 0;
  }

  /** How much of `length` bytes to do at once so that no reference is cut by the end of a piece (but by the end of a block). */
  pieceLength(predictor: Predictor, oldPosition: number, length: number, blockLength: number): number {
    const { positions, kinds, count } = predictor.references;
    const end = oldPosition + length;
    for (let i = this.next; i < count && (positions[i] ?? 0) < end; i++) {
      const position = positions[i] ?? 0;
      const after = position + widthOf(kinds[i] ?? 0);
      if (after > end && after <= oldPosition + blockLength && position > oldPosition) return position - oldPosition;
    }
    return length;
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
    const { positions, kinds, count } = predictor.references;
    const length = out.length;
    let reference = this.next;
    let at = 0;
    for (let start = 0; start < length; start += CHUNK) {
      const end = Math.min(start + CHUNK, length);
      const plain = target ? this.plainChange(predictor, out, target, at, end, oldPosition, reference) : 0;
      const context = region * 64 + (this.chunkHistory & 63);
      const changed = this.chunkFlags.code(coder, context, plain);
      this.chunkHistory = this.chunkHistory * 2 + changed;
      this.changesInChunk = 0;
      while (at < end) {
        let stop = end;
        let width = 0;
        while (reference < count) {
          const position = (positions[reference] ?? 0) - oldPosition;
          if (position < at) {
            reference++;
            continue;
          }
          const size = widthOf(kinds[reference] ?? 0);
          if (position < end && position + size <= length) {
            stop = position;
            width = size;
          }
          break;
        }
        if (changed !== 0) for (; at < stop; at++) this.codePlain(coder, out, target, at, region);
        at = stop;
        if (width === 0) break;
        this.codeReference(coder, predictor, reference, out, target, at, oldPosition, newPosition);
        at += width;
        reference++;
      }
    }
    this.next = reference;
    this.lastChange -= length;
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
    const near = at - this.lastChange <= 4 ? 1 : 0;
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
    const note = predictor.map.offset(predictor.references.aux[reference] ?? 0);
    const text = Buffer.from(predictor.newHead().subarray(note + 17, note + 36)).toString('hex');
    const expected = new Uint8Array(BUILD_ID_TEXT_LENGTH).map((_, i) => text.charCodeAt(i) || 0);
    const actual = target?.subarray(at, at + BUILD_ID_TEXT_LENGTH);
    const same = actual?.every((byte, i) => byte === expected[i]) ? 0 : 1;
    if (this.wrongFlags.code(coder, KIND.buildIdText * TRUST_COUNT * 4, same) === 0) {
      out.set(expected, at);
      return;
    }
    for (let i = 0; i < BUILD_ID_TEXT_LENGTH; i++)
      out[at + i] = this.valueByLast.codeTree(coder, 0, 8, actual?.[i] ?? 0);
  }

  private codePlain(
    coder: BitCoder,
    out: Uint8Array,
    target: Uint8Array | undefined,
    at: number,
    region: number,
  ): void {
    const old = out[at] ?? 0;
    const actual = target?.[at] ?? 0;
    const distance = Math.min(at - this.lastChange, 63);
    const previous = at > 0 ? (out[at - 1] ?? 0) : 0;
    const byDistance = (region * 64 + distance) * 2 + this.lastWrong;
    const byOld = (region * 256 + old) * 256 + previous;
    const byCount = region * 256 + Math.min(this.changesInChunk, 15) * 16 + (distance > 15 ? 15 : distance);
    const { changedMixer, valueMixer } = this;
    changedMixer.put(0, this.changedByDistance.peek(byDistance));
    changedMixer.put(1, this.changedByOld.peek(byOld));
    changedMixer.put(2, this.changedByCount.peek(byCount));
    const changed = coder.code(changedMixer.mix(region), actual === old ? 0 : 1);
    changedMixer.learn(changed);
    this.changedByDistance.update(byDistance, changed);
    this.changedByOld.update(byOld, changed);
    this.changedByCount.update(byCount, changed);
    if (changed === 0) return;
    const guess = ((old + this.lastDiff) & 255) << 8;
    let node = 1;
    for (let shift = 7; shift >= 0; shift--) {
      const a = (region * 256 + old) * 256 + node;
      const b = previous * 256 + node;
      const c = guess + node;
      valueMixer.put(0, this.valueByOld.peek(a));
      valueMixer.put(1, this.valueByLast.peek(b));
      valueMixer.put(2, this.valueByDiff.peek(c));
      const bit = coder.code(valueMixer.mix(region), (actual >>> shift) & 1);
      valueMixer.learn(bit);
      this.valueByOld.update(a, bit);
      this.valueByLast.update(b, bit);
      this.valueByDiff.update(c, bit);
      node = node * 2 + bit;
    }
    const value = node & 255;
    out[at] = value;
    this.lastDiff = (value - old) & 255;
    this.lastChange = at;
    this.changesInChunk++;
  }
}
