import { type Chunk, type ChunkControl, CONTROL, chunkHeader, MAX_CHUNK } from '../../xz/chunk.ts';
import { MAX_MATCH, propertiesOf } from '../../xz/lzma.ts';
import type { LzmaWriter } from '../../xz/lzma-writer.ts';
import { BitModels } from '../bit-models.ts';
import { NumberModels } from '../numbers.ts';
import { senseless } from '../parse/code-streams.ts';
import type { GivenSymbols } from '../parse/given-symbols.ts';
import type { Output } from '../parse/output.ts';
import type { Packing } from '../parse/packing.ts';
import { SymbolCodec } from '../parse/symbol-codec.ts';
import type { BitCoder } from '../range-coder.ts';

/**
 * liblzma ends a chunk at the first symbol after which one more of its steps might not fit: these are bytes of the code without the five
 * that end it, and bytes of the content.
 */
const USUAL_END = { packed: MAX_CHUNK.packed - 4097 - 5, unpacked: MAX_CHUNK.unpacked - MAX_MATCH } as const;
const FLAG = { usualPlain: 0, usualEnd: 1 } as const;
const SIZE = { plain: 0, packed: 1 } as const;

/** How a block was really packed; known to the encoder. */
export interface GivenBlock {
  readonly chunks: readonly Chunk[];
  readonly symbols: GivenSymbols;
  /** Whether to expect chunks to end where liblzma ends them. */
  readonly endsAsUsual: boolean;
}

/** Codes the chunks of blocks, and with them packs the blocks again. */
export class ChunkCodec {
  readonly #controls = new BitModels(8 * 8, 60);
  readonly #properties = new BitModels(256, 60);
  readonly #flags = new BitModels(2, 60);
  readonly #sizes = new NumberModels(2, 60);
  readonly #symbols = new SymbolCodec();

  beginFile(): void {
    this.#symbols.beginFile();
  }

  /** All chunks of a block whose content ends at `end`. @throws UnreadableStreamError for what makes no sense */
  code(coder: BitCoder, packing: Packing<LzmaWriter>, end: number, out: Output, given?: GivenBlock): void {
    let before: ChunkControl = CONTROL.end;
    let isBegun = false;
    let isSet = false;
    for (let i = 0; ; i++) {
      const chunk = given?.chunks[i];
      const control = this.#controls.codeTree(coder, before * 8, 3, chunk?.control ?? CONTROL.end);
      if (control === CONTROL.end) break;
      if (packing.at === end) throw senseless();
      if (control === CONTROL.plainAnew || control === CONTROL.packedAnew) {
        packing.start = packing.at;
        packing.writer.resetDictionary(packing.at);
        isBegun = true;
        isSet = false;
      }
      if (!isBegun) throw senseless();
      if (control === CONTROL.plainAnew || control === CONTROL.plain) {
        this.#plain(coder, packing, end, control, out, chunk);
      } else {
        if (control >= CONTROL.packedProperties) isSet = true;
        if (!isSet || control < CONTROL.packed) throw senseless();
        this.#packed(coder, packing, end, control, out, chunk, given);
      }
      before = control;
    }
    if (packing.at !== end) throw senseless();
    out.add(Uint8Array.of(0));
  }

  #plain(
    coder: BitCoder,
    packing: Packing<LzmaWriter>,
    end: number,
    control: ChunkControl,
    out: Output,
    chunk?: Chunk,
  ): void {
    const { form, at } = packing;
    const usual = Math.min(end - at, MAX_CHUNK.packed);
    const isUsual = this.#flags.code(coder, FLAG.usualPlain, chunk?.unpackedBytes === usual ? 1 : 0) !== 0;
    const size = isUsual ? usual : this.#sizes.code(coder, SIZE.plain, chunk?.unpackedBytes ?? 0);
    if (size < 1 || size > usual) throw senseless();
    out.add(chunkHeader(control, size));
    out.add(form.subarray(at, at + size));
    packing.at += size;
  }

  #packed(
    coder: BitCoder,
    packing: Packing<LzmaWriter>,
    end: number,
    control: ChunkControl,
    out: Output,
    chunk?: Chunk,
    given?: GivenBlock,
  ): void {
    const { writer, at: from } = packing;
    let properties: number | undefined;
    if (control >= CONTROL.packedProperties) {
      properties = this.#properties.codeTree(coder, 0, 8, chunk?.properties ?? 0);
      writer.reset(propertiesOf(properties));
    } else if (control === CONTROL.packedState) writer.reset();
    const left = end - from;
    const seemsUsual = chunk && given?.endsAsUsual && looksUsual(chunk, left);
    const isUsual = this.#flags.code(coder, FLAG.usualEnd, seemsUsual ? 1 : 0) !== 0;
    if (isUsual) {
      this.#code(coder, packing, end, Math.min(end, from + USUAL_END.unpacked), USUAL_END.packed, given?.symbols);
    } else {
      const size = this.#sizes.code(coder, SIZE.packed, chunk?.unpackedBytes ?? 0);
      if (size < 1 || size > Math.min(left, MAX_CHUNK.unpacked)) throw senseless();
      this.#code(coder, packing, from + size, from + size, MAX_CHUNK.packed, given?.symbols);
    }
    const size = packing.at - from;
    // It only looked usual, or the symbols make no sense.
    if (size > MAX_CHUNK.unpacked || (chunk && size !== chunk.unpackedBytes)) throw senseless();
    const packed = writer.finish();
    out.add(chunkHeader(control, size, packed.length, properties));
    out.add(packed);
  }

  /** Symbols up to `stop`, or until the code has more than `full` bytes; none goes past `end`. */
  #code(
    coder: BitCoder,
    packing: Packing<LzmaWriter>,
    end: number,
    stop: number,
    full: number,
    given: GivenSymbols | undefined,
  ): void {
    const symbols = this.#symbols;
    const { writer } = packing;
    writer.begin();
    while (packing.at < stop && writer.size <= full) {
      const most = Math.min(MAX_MATCH, end - packing.at);
      given?.next();
      symbols.code(coder, packing, most, given?.kind ?? 0, given?.length ?? 0, given?.distance ?? 0);
      writer.symbol(symbols.kind, packing.at, symbols.length, symbols.distance);
      packing.at += symbols.length;
    }
  }
}

/** Whether it may have ended by the rule: that is known when it was packed again. */
function looksUsual({ unpackedBytes, from, end }: Chunk, left: number): boolean {
  return unpackedBytes === left || unpackedBytes >= USUAL_END.unpacked || end - from > USUAL_END.packed + 4;
}
