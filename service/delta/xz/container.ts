/**
 * Where what lies in xz streams (xz file format 1.2.0): found by going from chunk to chunk, without unpacking. All that follows from the
 * rest is only checked, and a stream where anything of it is different is taken for none.
 */
import { crc32 } from '../deflate/crc32.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { headerBytes, readHeader, writeHeader } from './block-header.ts';
import { CHECK_BYTES, u32 } from './checks.ts';
import { type Chunk, CONTROL, readChunk } from './chunk.ts';
import { numberBytes } from './numbers.ts';

const STREAM_START = Buffer.from('fd377a585a00', 'hex');
const STREAM_END = Buffer.from('YZ', 'latin1');
/** The first byte of an index, where a block would have its size. */
const INDEX = 0;
/** These bound memory and time for files that look like many streams. */
const MAX_STREAMS = 1 << 12;
const MAX_CHUNKS = 1 << 16;
const MAX_FAILURES = 1 << 6;

export interface Block {
  readonly header: Uint8Array;
  readonly chunks: readonly Chunk[];
  readonly unpackedBytes: number;
  readonly check: Uint8Array;
}

export interface Stream {
  readonly from: number;
  readonly end: number;
  /** The number of the kind of check. */
  readonly check: number;
  readonly blocks: readonly Block[];
}

export interface BlockSizes {
  readonly unpaddedBytes: number;
  readonly unpackedBytes: number;
}

/** What may still be taken. */
interface Left {
  bytes: number;
  chunks: number;
}

/** The streams anywhere in a file, of which at most `maxBytes` come out; what is damaged, or too much, is left out. */
export function streamsOf(file: Uint8Array, maxBytes: number): Stream[] {
  const streams: Stream[] = [];
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const left: Left = { bytes: maxBytes, chunks: MAX_CHUNKS };
  let failures = 0;
  for (let at = bytes.indexOf(STREAM_START); at >= 0 && streams.length < MAX_STREAMS && failures < MAX_FAILURES; ) {
    const stream = readStream(file, at, left);
    if (stream) streams.push(stream);
    else failures++;
    at = bytes.indexOf(STREAM_START, stream ? stream.end : at + 1);
  }
  return streams;
}

function readStream(file: Uint8Array, from: number, all: Left): Stream | undefined {
  try {
    const check = file[from + STREAM_START.length + 1] ?? 0;
    const start = streamHeader(check);
    if (check >= CHECK_BYTES.length || !isAt(file, from, start)) return undefined;
    const blocks: Block[] = [];
    const sizes: BlockSizes[] = [];
    const left = { ...all };
    let at = from + start.length;
    while (file[at] !== INDEX) {
      const { block, unpaddedBytes, end } = readBlock(file, at, check, left);
      blocks.push(block);
      sizes.push({ unpaddedBytes, unpackedBytes: block.unpackedBytes });
      at = end;
    }
    const tail = streamTail(check, sizes);
    if (!isAt(file, at, tail)) return undefined;
    Object.assign(all, left);
    return { from, end: at + tail.length, check, blocks };
  } catch (error) {
    if (error instanceof UnreadableStreamError) return undefined;
    throw error;
  }
}

function readBlock(
  file: Uint8Array,
  from: number,
  check: number,
  left: Left,
): { readonly block: Block; readonly unpaddedBytes: number; readonly end: number } {
  const start = from + headerBytes(file, from);
  const header = file.subarray(from, start);
  const chunks: Chunk[] = [];
  let unpackedBytes = 0;
  let at = start;
  for (;;) {
    const chunk = readChunk(file, at);
    at = chunk.end;
    if (chunk.control === CONTROL.end) break;
    unpackedBytes += chunk.unpackedBytes;
    left.bytes -= chunk.unpackedBytes;
    left.chunks--;
    if (left.bytes < 0 || left.chunks < 0) throw new UnreadableStreamError('more than is taken apart');
    chunks.push(chunk);
  }
  const packedBytes = at - start;
  const expected = writeHeader(readHeader(header), { packedBytes, unpackedBytes });
  const padding = new Uint8Array(-packedBytes & 3);
  const checkFrom = at + padding.length;
  const end = checkFrom + (CHECK_BYTES[check] ?? 0);
  if (!isAt(file, from, expected) || !isAt(file, at, padding) || end > file.length)
    throw new UnreadableStreamError('an unusual block');
  const block = { header, chunks, unpackedBytes, check: file.subarray(checkFrom, end) };
  return { block, unpaddedBytes: at - from + end - checkFrom, end };
}

export function streamHeader(check: number): Uint8Array {
  const flags = Uint8Array.of(0, check);
  return Buffer.concat([STREAM_START, flags, u32(crc32(flags))]);
}

/** Index and footer. */
export function streamTail(check: number, sizes: readonly BlockSizes[]): Uint8Array {
  const numbers = sizes.flatMap(({ unpaddedBytes, unpackedBytes }) => [unpaddedBytes, unpackedBytes]);
  const records = Buffer.concat([Uint8Array.of(INDEX), ...[sizes.length, ...numbers].map(numberBytes)]);
  const index = Buffer.concat([records, new Uint8Array(-records.length & 3)]);
  // In units of four bytes, of which the checksum is one that is not counted.
  const backward = index.length / 4;
  const end = Buffer.concat([u32(backward), Uint8Array.of(0, check)]);
  return Buffer.concat([index, u32(crc32(index)), u32(crc32(end)), end, STREAM_END]);
}

function isAt(file: Uint8Array, at: number, bytes: Uint8Array): boolean {
  return Buffer.compare(file.subarray(at, at + bytes.length), bytes) === 0;
}
