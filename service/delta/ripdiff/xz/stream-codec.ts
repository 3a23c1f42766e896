import { type BlockHeader, readHeader, writeHeader } from '../../xz/block-header.ts';
import { CHECK_BYTES, checkOf } from '../../xz/checks.ts';
import { type Block, type BlockSizes, type Stream, streamHeader, streamTail } from '../../xz/container.ts';
import { LZMA_RULES } from '../../xz/lzma.ts';
import { LzmaWriter } from '../../xz/lzma-writer.ts';
import { filterX86 } from '../../xz/x86-filter.ts';
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
import { ChunkCodec } from './chunk-codec.ts';

const FLAG = { firstBlock: 0, nextBlock: 1, sameHeader: 2, rightCheck: 3 } as const;
const NUMBER = { after: OWN_NUMBERS, headerBytes: OWN_NUMBERS + 1 } as const;
const MAX_FILTERS_BYTES = 1 << 10;
const KIND_BITS = 4;
const PADDING = new Uint8Array(3);

interface Work {
  readonly coder: BitCoder;
  readonly packing: Packing<LzmaWriter>;
  readonly out: Output;
  readonly symbols: GivenSymbols | undefined;
  readonly endsAsUsual: boolean;
}

/** Codes how the xz streams of files were packed, from how those of old files were. */
export class StreamCodec implements PackingCodec<Stream> {
  readonly #numbers = new NumberModels(4, 60);
  readonly #flags = new BitModels(4, 60);
  readonly #kinds = new BitModels(1 << KIND_BITS, 60);
  readonly #filterBytes = new BitModels(256, 60);
  readonly #checkBytes = new BitModels(256, 60);
  readonly #chunks = new ChunkCodec();
  /** Of the block before. */
  #header: Uint8Array = new Uint8Array(0);

  code(
    coder: BitCoder,
    form: Uint8Array,
    map: ContentMap,
    old: Parse,
    maxBytes: number,
    given?: GivenPacking<Stream>,
  ): Uint8Array {
    const out = new Output(maxBytes);
    const packing = new Packing(form, map, old, new LzmaWriter(form), LZMA_RULES);
    const symbols = given && new GivenSymbols(given.parse);
    const work = { coder, packing, out, symbols, endsAsUsual: given?.endsAsUsual ?? false };
    this.#chunks.beginFile();
    const streams = given?.streams[0] ?? [];
    codeStreams(coder, this.#numbers, packing, out, streams, (stream) => this.#stream(work, stream));
    return out.bytes;
  }

  #stream(work: Work, stream: Stream | undefined): void {
    const { coder, out } = work;
    const kind = this.#kinds.codeTree(coder, 0, KIND_BITS, stream?.check ?? 0);
    out.add(streamHeader(kind));
    const sizes: BlockSizes[] = [];
    for (;;) {
      const block = stream?.blocks[sizes.length];
      const flag = sizes.length === 0 ? FLAG.firstBlock : FLAG.nextBlock;
      if (this.#flags.code(coder, flag, block ? 1 : 0) === 0) break;
      sizes.push(this.#block(work, kind, block));
    }
    out.add(streamTail(kind, sizes));
  }

  #block({ coder, packing, out, symbols, endsAsUsual }: Work, kind: number, block: Block | undefined): BlockSizes {
    const { form, at } = packing;
    const header = this.#codeHeader(coder, block?.header);
    const after = form.length - at - (block?.unpackedBytes ?? 0);
    const unpackedBytes = form.length - at - this.#numbers.code(coder, NUMBER.after, after);
    if (unpackedBytes < 0) throw senseless();
    const content = form.subarray(at, at + unpackedBytes);
    const expected = header.filter === undefined ? undefined : checkOf(kind, content);
    const check = this.#codeCheck(coder, kind, expected, block?.check);
    if (header.filter === 'x86') filterX86(content);
    const from = out.size;
    // Until the sizes in it are known.
    out.add(new Uint8Array(header.sizeBytes));
    const given = block && symbols && { chunks: block.chunks, symbols, endsAsUsual };
    this.#chunks.code(coder, packing, at + unpackedBytes, out, given);
    const packedBytes = out.size - from - header.sizeBytes;
    out.put(from, writeHeader(header, { packedBytes, unpackedBytes }));
    out.add(PADDING.subarray(0, -packedBytes & 3));
    out.add(check);
    return { unpaddedBytes: header.sizeBytes + packedBytes + check.length, unpackedBytes };
  }

  /** All of it but the sizes, which follow from the rest. */
  #codeHeader(coder: BitCoder, given: Uint8Array | undefined): BlockHeader {
    const bare = given && writeHeader(readHeader(given), { packedBytes: 0, unpackedBytes: 0 });
    const isSame = bare !== undefined && Buffer.compare(bare, this.#header) === 0;
    if (this.#flags.code(coder, FLAG.sameHeader, isSame ? 1 : 0) !== 0) return readHeader(this.#header);
    const length = this.#numbers.code(coder, NUMBER.headerBytes, bare?.length ?? 0);
    if (length > MAX_FILTERS_BYTES) throw senseless();
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#filterBytes.codeTree(coder, 0, 8, bare?.[i] ?? 0);
    this.#header = bytes;
    return readHeader(bytes);
  }

  #codeCheck(coder: BitCoder, kind: number, expected?: Uint8Array, given?: Uint8Array): Uint8Array {
    if (expected) {
      const isRight = given !== undefined && Buffer.compare(given, expected) === 0;
      if (this.#flags.code(coder, FLAG.rightCheck, isRight ? 1 : 0) !== 0) return expected;
    }
    const check = new Uint8Array(CHECK_BYTES[kind] ?? 0);
    for (let i = 0; i < check.length; i++) check[i] = this.#checkBytes.codeTree(coder, 0, 8, given?.[i] ?? 0);
    return check;
  }
}
