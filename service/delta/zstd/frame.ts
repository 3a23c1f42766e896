/** Frames of Zstandard (RFC 8878, 3.1.1) anywhere in a file. */
import { Parse } from '../ripdiff/parse/parse.ts';
import type { Block } from './block.ts';
import { BlockReader } from './block-reader.ts';
import { Content } from './content.ts';
import { damaged, BLOCK as KINDS, MAGIC, MAX_BLOCK } from './format.ts';

const SINGLE_SEGMENT = 1 << 5;
const RESERVED = 1 << 3;
const HAS_CHECK = 1 << 2;
const DICTIONARY = 3;
export const CHECK_BYTES = 4;
const BLOCK_HEAD_BYTES = 3;
const MAX_BLOCKS = 1 << 16;
/** Of two bytes of size 256 are not counted. */
const SIZE_BYTES = [0, 2, 4, 8] as const;
const SMALL = 256;

/** What of a frame's header does not follow from the rest. */
export interface FrameHeader {
  readonly descriptor: number;
  readonly window: number;
}

export interface Frame {
  readonly from: number;
  readonly end: number;
  readonly header: FrameHeader;
  readonly blocks: readonly Block[];
  readonly contentBytes: number;
  /** The lower half of XXH64, or nothing. */
  readonly check: Uint8Array;
}

export function hasCheck({ descriptor }: FrameHeader): boolean {
  return (descriptor & HAS_CHECK) !== 0;
}

function isSingle(descriptor: number): boolean {
  return (descriptor & SINGLE_SEGMENT) !== 0;
}

export function hasWindow({ descriptor }: Pick<FrameHeader, 'descriptor'>): boolean {
  return !isSingle(descriptor);
}

function sizeBytesOf(descriptor: number): number {
  return descriptor >> 6 === 0 && isSingle(descriptor) ? 1 : (SIZE_BYTES[descriptor >> 6] ?? 0);
}

/** Undefined for a header that this content cannot have, or one that names a dictionary. */
export function writeHeader({ descriptor, window }: FrameHeader, contentBytes: number): Uint8Array | undefined {
  if ((descriptor & (RESERVED | DICTIONARY)) !== 0) return undefined;
  const sizeBytes = sizeBytesOf(descriptor);
  const size = Buffer.alloc(8);
  const told = sizeBytes === 2 ? contentBytes - SMALL : contentBytes;
  if (told < 0 || (sizeBytes > 0 && told >= 256 ** sizeBytes)) return undefined;
  size.writeBigUInt64LE(BigInt(told));
  return Buffer.concat([
    MAGIC,
    Uint8Array.of(descriptor, ...(isSingle(descriptor) ? [] : [window])),
    size.subarray(0, sizeBytes),
  ]);
}

export function blockHead(kind: number, isLast: boolean, sizeBytes: number): Uint8Array {
  const value = (isLast ? 1 : 0) | (kind << 1) | (sizeBytes << 3);
  return Uint8Array.of(value, value >> 8, value >> 16);
}

/** Unpacks the frame at `from` into `content`. @throws UnreadableStreamError for what is damaged, or unusual */
export function readFrame(file: Uint8Array, from: number, content: Content, parse: Parse): Frame {
  const { header, blocks, at } = readBlocks(file, from, content, parse);
  const end = at + (hasCheck(header) ? CHECK_BYTES : 0);
  if (end > file.length) throw damaged();
  const check = file.subarray(at, end);
  const contentBytes = blocks.reduce((sum, block) => sum + block.contentBytes, 0);
  const expected = writeHeader(header, contentBytes);
  if (!expected || Buffer.compare(expected, file.subarray(from, from + expected.length)) !== 0) throw damaged();
  return { from, end, header, blocks, contentBytes, check };
}

/** What the first block of the frame at `from` unpacks to. @throws UnreadableStreamError */
export function frameStart(file: Uint8Array, from: number): Uint8Array {
  const content = new Content(MAX_BLOCK);
  content.limit = MAX_BLOCK;
  readBlocks(file, from, content, new Parse(), 1);
  return content.bytes;
}

function readBlocks(
  file: Uint8Array,
  from: number,
  content: Content,
  parse: Parse,
  most = MAX_BLOCKS,
): { readonly header: FrameHeader; readonly blocks: readonly Block[]; readonly at: number } {
  const descriptor = file[from + MAGIC.length] ?? 0;
  const header = {
    descriptor,
    window: hasWindow({ descriptor }) ? (file[from + MAGIC.length + 1] ?? 0) : 0,
  };
  if ((descriptor & (RESERVED | DICTIONARY)) !== 0) throw damaged();
  let at = from + MAGIC.length + 1 + (hasWindow(header) ? 1 : 0) + sizeBytesOf(descriptor);
  const reader = new BlockReader(content, parse);
  const blocks: Block[] = [];
  for (let isLast = false; !isLast && blocks.length < most; ) {
    if (at + BLOCK_HEAD_BYTES > file.length || blocks.length === MAX_BLOCKS) throw damaged();
    const value = (file[at] ?? 0) | ((file[at + 1] ?? 0) << 8) | ((file[at + 2] ?? 0) << 16);
    isLast = (value & 1) !== 0;
    const kind = (value >> 1) & 3;
    const size = value >>> 3;
    at += BLOCK_HEAD_BYTES;
    const end = at + (kind === KINDS.rle ? 1 : size);
    if (kind > KINDS.packed || size > MAX_BLOCK || end > file.length) throw damaged();
    const before = content.size;
    const source = file.subarray(at, end);
    if (kind === KINDS.packed) parse.gapTo(before);
    const shape = kind === KINDS.packed ? reader.block(source) : undefined;
    if (kind === KINDS.raw) content.add(source);
    if (kind === KINDS.rle) content.fill(source[0] ?? 0, size);
    blocks.push({ kind, isLast, contentBytes: content.size - before, shape });
    at = end;
  }
  return { header, blocks, at };
}
