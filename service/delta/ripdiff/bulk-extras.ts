import type { Blocks } from '../blocks.ts';
import type { BitModels } from './bit-models.ts';
import { absoluteCalls, BULK_PIECE, type BulkStore, BulkWriter, relativeCalls, unpack } from './bulk.ts';
import type { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

/** The new bytes of one file's blocks as one row, handed over piece by piece through a `BulkStore`. */
export class BulkExtras {
  private readonly store: BulkStore;
  private readonly flags: BitModels;
  private readonly numbers: NumberModels;
  private readonly given: Uint8Array | undefined;
  private piece: Uint8Array = new Uint8Array(0);
  private used = 0;
  private done = 0;
  private readonly total: number;

  constructor(
    store: BulkStore,
    flags: BitModels,
    numbers: NumberModels,
    total: number,
    target: Uint8Array | undefined,
    blocks: Blocks,
  ) {
    this.store = store;
    this.flags = flags;
    this.numbers = numbers;
    this.total = total;
    this.given = target && gather(target, blocks, total);
  }

  /** Fills `out` with the next new bytes. */
  take(coder: BitCoder, out: Uint8Array): void {
    for (let at = 0; at < out.length; ) {
      if (this.used === this.piece.length) this.next(coder);
      const part = this.piece.subarray(this.used, this.used + out.length - at);
      out.set(part, at);
      at += part.length;
      this.used += part.length;
    }
  }

  private next(coder: BitCoder): void {
    const length = Math.min(BULK_PIECE, this.total - this.done);
    let packed: Uint8Array | undefined;
    let calls = false;
    if (this.given && this.store instanceof BulkWriter) {
      const plain = this.given.subarray(this.done, this.done + length);
      const turned = new Uint8Array(plain);
      absoluteCalls(turned);
      const choices = [this.store.compress(plain), this.store.compress(turned)] as const;
      calls = choices[1].length < choices[0].length;
      packed = calls ? choices[1] : choices[0];
      this.store.write(packed);
      this.piece = plain;
    }
    calls = this.flags.code(coder, 8, calls ? 1 : 0) !== 0;
    const size = this.numbers.code(coder, 1, packed?.length ?? 0);
    if (!this.given) {
      this.piece = unpack(this.store.read(size), length);
      if (calls) relativeCalls(this.piece);
    }
    this.used = 0;
    this.done += length;
  }
}

function gather(target: Uint8Array, blocks: Blocks, total: number): Uint8Array {
  const all = new Uint8Array(total);
  let at = 0;
  let done = 0;
  for (let i = 0; i < blocks.count; i++) {
    at += blocks.addBytes[i] ?? 0;
    const extra = blocks.extraBytes[i] ?? 0;
    all.set(target.subarray(at, at + extra), done);
    at += extra;
    done += extra;
  }
  return all;
}
