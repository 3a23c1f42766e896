import { RippleError } from '../../api/errors.ts';
import { buffersSpent } from '../../sys/spent-buffers.ts';
import type { Blocks } from '../blocks.ts';
import { SHF, SHT } from '../exe/elf.ts';
import type { Analysed } from '../exe/find-references.ts';
import { findInJoined } from '../exe/joined.ts';
import { Predictor } from '../exe/predictor.ts';
import { Numberings } from '../exe/renumbering.ts';
import type { Base } from './base.ts';
import { BitModels } from './bit-models.ts';
import { BlockCodec } from './block-codec.ts';
import { type BulkStore, isBulk } from './bulk.ts';
import { BulkExtras } from './bulk-extras.ts';
import { LiteralCodec, REGION } from './literal-codec.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';
import { ResidualCodec } from './residual-codec.ts';

const PIECE = 1 << 17;
const NO_ELF: Analysed = {
  elf: undefined,
  references: { count: 0, positions: new Uint32Array(0), kinds: new Uint8Array(0), aux: new Uint32Array(0) },
};

/** How a record is coded: chosen by the encoder, told to the decoder. */
export interface Plan {
  readonly blocks: Blocks;
  readonly executable: boolean;
}

export type Sink = (bytes: Uint8Array) => void;

/** All that is shared between the files of one stream: every model, and the last bytes of what was decoded. */
export class RecordCodec {
  private readonly numbers = new NumberModels(2, 60);
  private readonly flags = new BitModels(16, 60);
  private readonly blocks = new BlockCodec();
  private readonly residual = new ResidualCodec();
  private literals: LiteralCodec | undefined;
  private readonly alone: boolean;
  private readonly numberings = new Numberings();
  private readonly out = new Uint8Array(PIECE);

  /** `alone`: only one file will be coded, so that models may be as small as that needs. */
  constructor(alone = false) {
    this.alone = alone;
  }

  /**
   * Codes one file against `base`, and answers from which blocks it is made. Encoding: `target` and `plan` are given. Decoding: neither is,
   * and `sink` gets the file in order; its array is used again.
   * Throws `InvalidArgument` when the code makes no sense or the file would have more than `maxBytes`.
   */
  code(
    coder: BitCoder,
    bulk: BulkStore,
    base: Base,
    sink: Sink,
    maxBytes: number,
    target?: Uint8Array,
    plan?: Plan,
    analysed?: Analysed,
  ): Blocks {
    const { bytes: old, ends } = base;
    const [likely = 0] = ends;
    const sameSize = this.flags.code(coder, 0, target?.length === likely ? 1 : 0);
    const size = sameSize !== 0 ? likely : this.numbers.code(coder, 0, target?.length ?? 0);
    if (size > maxBytes)
      throw new RippleError('InvalidArgument', `the diff makes more than ${maxBytes} bytes; refused`);
    const executable = this.flags.code(coder, 1, plan?.executable ? 1 : 0) !== 0;
    const blocks = this.blocks.code(coder, plan?.blocks, size, old.length);
    const found = executable ? (analysed ?? findInJoined(old, ends)) : NO_ELF;
    // Lists that were made on the way, before models are made.
    if (executable && !analysed) buffersSpent(old.length);
    const predictor = new Predictor(old, found, blocks, size, this.numberings);
    let extraBytes = 0;
    for (let i = 0; i < blocks.count; i++) extraBytes += blocks.extraBytes[i] ?? 0;
    const bulkExtras = isBulk(extraBytes, size)
      ? new BulkExtras(bulk, this.flags, this.numbers, extraBytes, target, blocks)
      : undefined;
    const regions = new Regions(found);
    const most = this.alone ? (bulkExtras ? 0 : extraBytes) : Number.POSITIVE_INFINITY;
    const learned = most === 0 ? 0 : Math.min(old.length + PAGE, FREE_BYTES + TRAINED_PER_BYTE * most);
    this.literals ??= new LiteralCodec(most + learned, size);
    const { literals } = this;
    const training = new Training(old, literals);
    this.residual.beginFile();
    let at = 0;
    const emit = (bytes: Uint8Array): void => {
      predictor.see(bytes);
      sink(bytes);
      at += bytes.length;
    };
    for (let i = 0; i < blocks.count; i++) {
      const oldPosition = blocks.oldPositions[i] ?? 0;
      const add = blocks.addBytes[i] ?? 0;
      this.residual.beginBlock(predictor, oldPosition);
      for (let done = 0; done < add; ) {
        const from = oldPosition + done;
        const wanted = Math.min(PIECE, add - done, regions.end(from) - from, predictor.nextStop(at) - at);
        const length = this.residual.pieceLength(predictor, from, wanted, add - done);
        const out = this.out.subarray(0, length);
        out.set(old.subarray(from, from + length));
        this.residual.code(coder, predictor, out, target?.subarray(at, at + length), from, at, regions.region);
        literals.see(out);
        emit(out);
        done += length;
      }
      const extra = blocks.extraBytes[i] ?? 0;
      for (let done = 0; done < extra; ) {
        const from = oldPosition + add + done;
        regions.end(Math.max(from - done - 1, 0));
        if (!bulkExtras) training.around(from, extra - done, regions.region);
        const length = Math.min(PIECE, extra - done, predictor.nextStop(at) - at);
        const out = this.out.subarray(0, length);
        if (bulkExtras) {
          bulkExtras.take(coder, out);
          literals.see(out);
        } else {
          literals.code(coder, out, target?.subarray(at, at + length), regions.region, old, from);
        }
        emit(out);
        done += length;
      }
    }
    return blocks;
  }
}

/** What kind of bytes the old file holds where. */
class Regions {
  region: number = REGION.text;
  private readonly edges: { readonly end: number; readonly region: number }[] = [];
  private last = 0;

  constructor(found: Analysed) {
    if (!found.elf) return;
    const sections = [...found.elf.sections, ...found.elf.further]
      .filter((s) => s.fileSize > 0)
      .sort((a, b) => a.offset - b.offset);
    let at = 0;
    for (const s of sections) {
      if (s.offset < at) continue;
      if (s.offset > at) this.edges.push({ end: s.offset, region: REGION.data });
      at = s.offset + s.fileSize;
      const region = s.flags & SHF.exec ? REGION.code : s.type === SHT.progbits ? REGION.data : REGION.other;
      this.edges.push({ end: at, region });
    }
    this.edges.push({ end: Number.POSITIVE_INFINITY, region: REGION.other });
  }

  /** Sets `region` for `position`; answers where it ends. */
  end(position: number): number {
    if (this.edges.length === 0) return Number.POSITIVE_INFINITY;
    if (position < (this.edges[this.last - 1]?.end ?? 0)) this.last = 0;
    while (position >= (this.edges[this.last]?.end ?? Number.POSITIVE_INFINITY)) this.last++;
    const edge = this.edges[this.last];
    this.region = edge?.region ?? REGION.other;
    return edge?.end ?? Number.POSITIVE_INFINITY;
  }
}

const PAGE = 512;
/** Fewer new bytes than this are not worth learning for. */
const LEAST_TRAINED = 4;
/** Bytes that may be learned from at most: so many, and so many for each new byte. Four times as many make diffs a quarter of a percent smaller, and take half as long again. */
const FREE_BYTES = 1 << 16;
const TRAINED_PER_BYTE = 4;

/** Lets the literal models learn the old bytes around a place before new bytes are coded there, each page once. */
class Training {
  private readonly old: Uint8Array;
  private readonly literals: LiteralCodec;
  private readonly done: Uint8Array;
  private budget = FREE_BYTES;

  constructor(old: Uint8Array, literals: LiteralCodec) {
    this.old = old;
    this.literals = literals;
    this.done = new Uint8Array(Math.ceil(old.length / PAGE));
  }

  around(position: number, bytes: number, region: number): void {
    if (bytes < LEAST_TRAINED) return;
    this.budget += bytes * TRAINED_PER_BYTE;
    const page = Math.floor(position / PAGE);
    if (this.done[page] !== 0 || this.budget <= 0) return;
    this.done[page] = 1;
    const near = this.old.subarray(page * PAGE, (page + 1) * PAGE);
    this.literals.train(near, region);
    this.budget -= near.length;
  }
}
