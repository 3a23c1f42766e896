import { BitModels } from './bit-models.ts';
import { REGION_COUNT } from './literal-codec.ts';
import { Mixer } from './logistic.ts';
import type { BitCoder } from './range-coder.ts';

/** Before anything changed. */
const LONG_AGO = -64;

/** Codes copied bytes that belong to no reference: whether each changed, and what it became. */
export class ChangedBytes {
  /** Place of the last byte that changed, in the piece that is being coded; it may lie before that. */
  lastChange = LONG_AGO;
  private readonly changedByDistance = new BitModels(REGION_COUNT * 64 * 2, 255);
  private readonly changedByOld = new BitModels(REGION_COUNT * 65536, 255);
  private readonly changedByCount = new BitModels(REGION_COUNT * 256, 255);
  private readonly changedMixer = new Mixer(3, REGION_COUNT, 10, 28000);
  private readonly valueByOld = new BitModels(REGION_COUNT * 65536, 127);
  private readonly valueByLast = new BitModels(65536, 127);
  private readonly valueByDiff = new BitModels(65536, 127);
  private readonly valueMixer = new Mixer(3, REGION_COUNT, 14, 28000);
  private lastDiff = 0;
  private changesInChunk = 0;

  begin(): void {
    this.lastChange = LONG_AGO;
  }

  beginChunk(): void {
    this.changesInChunk = 0;
  }

  /** The next piece begins `length` bytes further on. */
  moveOn(length: number): void {
    this.lastChange -= length;
  }

  /** `out[from..end)` holds the old bytes on entry; `afterWrong`: 1 when the reference before was predicted wrong. */
  code(
    coder: BitCoder,
    out: Uint8Array,
    target: Uint8Array | undefined,
    from: number,
    end: number,
    region: number,
    afterWrong: number,
  ): void {
    for (let at = from; at < end; at++) this.codeByte(coder, out, target, at, region, afterWrong);
  }

  private codeByte(
    coder: BitCoder,
    out: Uint8Array,
    target: Uint8Array | undefined,
    at: number,
    region: number,
    afterWrong: number,
  ): void {
    const old = out[at] ?? 0;
    const actual = target?.[at] ?? 0;
    const distance = Math.min(at - this.lastChange, 63);
    const previous = at > 0 ? (out[at - 1] ?? 0) : 0;
    const byDistance = (region * 64 + distance) * 2 + afterWrong;
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
