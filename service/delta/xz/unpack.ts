/** The unpacked form of files: the same bytes, but for each xz stream in them what comes out of it; and how it was packed. */
import { UnreadableStreamError } from '../deflate/format.ts';
import { Parse } from '../ripdiff/parse/parse.ts';
import { MAX_FORM_BYTES, MAX_PACKED_BYTES, maxFormBytes, type Unpacked } from '../ripdiff/parse/unpacked.ts';
import { readHeader } from './block-header.ts';
import { CONTROL } from './chunk.ts';
import { type Block, type Stream, streamsOf } from './container.ts';
import { propertiesOf } from './lzma.ts';
import { LzmaReader } from './lzma-reader.ts';
import { unfilterX86 } from './x86-filter.ts';

/**
 * The answer depends on the bytes alone: both sides of a difference rely on it. A file with a damaged stream stays as it is, and so does
 * what would be more than `MAX_FORM_BYTES` with the files before it. One file without streams is not copied.
 */
export function unpackXz(files: readonly Uint8Array[]): Unpacked<Stream> {
  let left = MAX_FORM_BYTES;
  const found = files.map((file) => {
    const streams = streamsIn(file, left);
    left -= contentBytes(streams);
    return streams;
  });
  const [only, second] = files;
  for (;;) {
    if (only && !second && found[0]?.length === 0)
      return { form: only, ends: [only.length], parse: new Parse(), streams: found };
    const work = new Unpacking(files, found);
    try {
      return work.run();
    } catch (error) {
      if (!(error instanceof UnreadableStreamError)) throw error;
      found[work.fileNumber] = [];
    }
  }
}

function streamsIn(file: Uint8Array, maxBytes: number): readonly Stream[] {
  if (file.length > MAX_PACKED_BYTES) return [];
  return streamsOf(file, Math.min(maxBytes, maxFormBytes(file.length) - file.length));
}

function contentBytes(streams: readonly Stream[]): number {
  let bytes = 0;
  for (const { blocks } of streams) for (const { unpackedBytes } of blocks) bytes += unpackedBytes;
  return bytes;
}

class Unpacking {
  /** The file that is worked on. */
  fileNumber = 0;
  readonly #files: readonly Uint8Array[];
  readonly #streams: readonly (readonly Stream[])[];
  readonly #form: Uint8Array;
  readonly #parse: Parse;
  #end = 0;

  constructor(files: readonly Uint8Array[], streams: readonly (readonly Stream[])[]) {
    this.#files = files;
    this.#streams = streams;
    let [sizeBytes, packedBytes] = [0, 0];
    for (const [i, file] of files.entries()) {
      const ofFile = streams[i] ?? [];
      for (const { from, end } of ofFile) packedBytes += end - from;
      sizeBytes += file.length + contentBytes(ofFile);
    }
    this.#form = new Uint8Array(sizeBytes - packedBytes);
    // A symbol takes a byte or more in most streams; what is not used costs nothing.
    this.#parse = new Parse(packedBytes);
  }

  /** @throws UnreadableStreamError for a file with a damaged stream */
  run(): Unpacked<Stream> {
    const ends = this.#files.map((file, number) => {
      this.fileNumber = number;
      let at = 0;
      for (const { from, end, blocks } of this.#streams[number] ?? []) {
        this.#copy(file.subarray(at, from));
        for (const block of blocks) this.#block(file, block);
        at = end;
      }
      this.#copy(file.subarray(at));
      return this.#end;
    });
    return { form: this.#form, ends, parse: this.#parse, streams: this.#streams };
  }

  #copy(bytes: Uint8Array): void {
    this.#form.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #block(file: Uint8Array, { header, chunks }: Block): void {
    const reader = new LzmaReader(this.#form, this.#parse);
    const from = this.#end;
    let at = from;
    let start: number | undefined;
    let isSet = false;
    for (const { control, properties, unpackedBytes, from: packedFrom, end: packedEnd } of chunks) {
      if (control === CONTROL.plainAnew || control === CONTROL.packedAnew) {
        start = at;
        isSet = false;
      }
      if (start === undefined) throw new UnreadableStreamError('a stream that begins in the middle');
      const packed = file.subarray(packedFrom, packedEnd);
      if (control < CONTROL.packed) {
        this.#form.set(packed, at);
      } else {
        if (control >= CONTROL.packedProperties) {
          reader.reset(propertiesOf(properties));
          isSet = true;
        } else if (!isSet) throw new UnreadableStreamError('a chunk without properties');
        else if (control === CONTROL.packedState) reader.reset();
        this.#parse.gapTo(at);
        reader.chunk(packed, start, at, at + unpackedBytes);
      }
      at += unpackedBytes;
    }
    this.#end = at;
    if (readHeader(header).filter === 'x86') unfilterX86(this.#form.subarray(from, at));
  }
}
