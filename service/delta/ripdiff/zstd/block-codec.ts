import { type Block, Sequences } from '../../zstd/block.ts';
import { BlockWriter } from '../../zstd/block-writer.ts';
import { BLOCK, damaged, MAX_BLOCK, MAX_PIECE } from '../../zstd/format.ts';
import { blockHead } from '../../zstd/frame.ts';
import { GOES_ON, type SequenceHistory } from '../../zstd/sequence-history.ts';
import { BitModels } from '../bit-models.ts';
import { NumberModels } from '../numbers.ts';
import type { GivenSymbols } from '../parse/given-symbols.ts';
import type { Output } from '../parse/output.ts';
import type { Packing } from '../parse/packing.ts';
import { SymbolCodec } from '../parse/symbol-codec.ts';
import { KIND } from '../parse/symbols.ts';
import type { BitCoder } from '../range-coder.ts';
import { ShapeCodec } from './shape-codec.ts';

const FLAG = { isLast: 0, usualSize: 2 } as const;
const KIND_BITS = 2;

/** Codes the blocks of frames, and with them packs the frames again. */
export class BlockCodec {
  readonly #kinds = new BitModels(4 << KIND_BITS, 60);
  readonly #flags = new BitModels(4, 60);
  readonly #sizes = new NumberModels(1, 60);
  readonly #symbols = new SymbolCodec();
  readonly #shapes = new ShapeCodec();
  /** Not before there is a block: it takes a megabyte, and most diffs have none. */
  #sequences: Sequences | undefined;
  #kindBefore = 0;

  beginFile(): void {
    this.#symbols.beginFile();
    this.#kindBefore = 0;
  }

  /** All blocks of a frame whose content ends at `end`. @throws UnreadableStreamError for what makes no sense */
  code(
    coder: BitCoder,
    packing: Packing<SequenceHistory>,
    end: number,
    out: Output,
    symbols?: GivenSymbols,
    given?: readonly Block[],
  ): void {
    const writer = new BlockWriter();
    this.#sequences ??= new Sequences();
    const sequences = this.#sequences;
    packing.writer.beginFrame();
    this.#shapes.beginFrame();
    for (let i = 0; ; i++) {
      const block = given?.[i];
      const left = end - packing.at;
      const isLast = this.#flags.code(coder, FLAG.isLast + (left <= MAX_BLOCK ? 1 : 0), block?.isLast ? 1 : 0) !== 0;
      const kind = this.#kinds.codeTree(coder, this.#kindBefore << KIND_BITS, KIND_BITS, block?.kind ?? 0);
      this.#kindBefore = kind;
      const usual = Math.min(left, MAX_BLOCK);
      const isUsual = this.#flags.code(coder, FLAG.usualSize, block?.contentBytes === usual ? 1 : 0) !== 0;
      const size = isUsual ? usual : this.#sizes.code(coder, 0, block?.contentBytes ?? 0);
      if (size > usual || kind > BLOCK.packed) throw damaged();
      const content = packing.form.subarray(packing.at, packing.at + size);
      if (kind === BLOCK.packed) {
        this.#code(coder, packing, packing.at + size, sequences, symbols);
        const shape = this.#shapes.code(coder, sequences, block?.shape);
        const packed = writer.block(sequences, shape);
        out.add(blockHead(kind, isLast, packed.length));
        out.add(packed);
      } else {
        if (kind === BLOCK.rle && content.some((byte) => byte !== content[0])) throw damaged();
        out.add(blockHead(kind, isLast, size));
        out.add(kind === BLOCK.raw ? content : Uint8Array.of(content[0] ?? 0));
        packing.at += size;
      }
      if (isLast) break;
    }
    if (packing.at !== end) throw damaged();
  }

  /** The sequences up to `end`. */
  #code(
    coder: BitCoder,
    packing: Packing<SequenceHistory>,
    end: number,
    sequences: Sequences,
    given: GivenSymbols | undefined,
  ): void {
    const { form, writer } = packing;
    const symbols = this.#symbols;
    sequences.clear();
    writer.beginBlock();
    while (packing.at < end) {
      given?.next();
      const most = Math.min(MAX_PIECE, end - packing.at);
      symbols.code(coder, packing, most, given?.kind ?? 0, given?.length ?? 0, given?.distance ?? 0);
      const { kind, length, distance } = symbols;
      if (kind === KIND.literal) {
        sequences.literal(form[packing.at] ?? 0);
        writer.literal();
      } else {
        if (kind === GOES_ON) sequences.goOn(length);
        else sequences.match(length, kind === KIND.match ? distance + 3 : kind - KIND.rep0 + 1);
        writer.match(kind, distance);
      }
      packing.at += length;
    }
  }
}
