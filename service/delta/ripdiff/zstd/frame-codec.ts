import { ZSTD_RULES } from '../../zstd/format.ts';
import { CHECK_BYTES, type Frame, type FrameHeader, hasCheck, hasWindow, writeHeader } from '../../zstd/frame.ts';
import { SequenceHistory } from '../../zstd/sequence-history.ts';
import { BitModels } from '../bit-models.ts';
import { NumberModels } from '../numbers.ts';
import { codeStreams, OWN_NUMBERS, senseless } from '../parse/code-streams.ts';
import type { ContentMap } from '../parse/content-map.ts';
import { GivenSymbols } from '../parse/given-symbols.ts';
import { Output } from '../parse/output.ts';
import type { GivenPacking, PackingCodec } from '../parse/packed-files.ts';
import { Packing } from '../parse/packing.ts';
import type { Parse } from '../parse/parse.ts';
import type { BitCoder } from '../range-coder.ts';
import { BlockCodec } from './block-codec.ts';

const NUMBER = { after: OWN_NUMBERS } as const;

/** Codes how Zstandard frames were packed, from how those of old files were. */
export class FrameCodec implements PackingCodec<Frame> {
  readonly #numbers = new NumberModels(3, 60);
  readonly #descriptors = new BitModels(256, 60);
  readonly #windows = new BitModels(256, 60);
  readonly #checkBytes = new BitModels(256, 255);
  readonly #blocks = new BlockCodec();

  code(
    coder: BitCoder,
    form: Uint8Array,
    map: ContentMap,
    old: Parse,
    maxBytes: number,
    given?: GivenPacking<Frame>,
  ): Uint8Array {
    const out = new Output(maxBytes);
    const packing = new Packing(form, map, old, new SequenceHistory(), ZSTD_RULES);
    const symbols = given && new GivenSymbols(given.parse);
    this.#blocks.beginFile();
    const frames = given?.streams[0] ?? [];
    codeStreams(coder, this.#numbers, packing, out, frames, (frame) =>
      this.#frame(coder, packing, out, symbols, frame),
    );
    return out.bytes;
  }

  #frame(
    coder: BitCoder,
    packing: Packing<SequenceHistory>,
    out: Output,
    symbols: GivenSymbols | undefined,
    frame: Frame | undefined,
  ): void {
    const header = this.#codeHeader(coder, frame?.header);
    const left = packing.form.length - packing.at;
    const contentBytes = left - this.#numbers.code(coder, NUMBER.after, left - (frame?.contentBytes ?? 0));
    const head = contentBytes >= 0 ? writeHeader(header, contentBytes) : undefined;
    if (!head) throw senseless();
    out.add(head);
    packing.start = packing.at;
    this.#blocks.code(coder, packing, packing.at + contentBytes, out, symbols, frame?.blocks);
    if (!hasCheck(header)) return;
    const check = new Uint8Array(CHECK_BYTES);
    for (let i = 0; i < CHECK_BYTES; i++) check[i] = this.#checkBytes.codeTree(coder, 0, 8, frame?.check[i] ?? 0);
    out.add(check);
  }

  #codeHeader(coder: BitCoder, given: FrameHeader | undefined): FrameHeader {
    const descriptor = this.#descriptors.codeTree(coder, 0, 8, given?.descriptor ?? 0);
    const window = hasWindow({ descriptor }) ? this.#windows.codeTree(coder, 0, 8, given?.window ?? 0) : 0;
    return { descriptor, window };
  }
}
