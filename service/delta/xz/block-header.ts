/** What stands before a block (xz file format 1.2.0, 3.1). */
import { crc32 } from '../deflate/crc32.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { u32 } from './checks.ts';
import { NumberReader, numberBytes } from './numbers.ts';

const CRC_BYTES = 4;
const UNIT_BYTES = 4;
const LEAST_BYTES = 8;
const SIZE_FLAG = { packed: 0x40, unpacked: 0x80 } as const;
const FILTER_COUNT = 3;
const RESERVED_FLAGS = 0x3c;
const FILTER = { x86: 4, lzma2: 0x21 } as const;

export interface BlockHeader {
  /** Of all of it. */
  readonly sizeBytes: number;
  readonly hasPackedSize: boolean;
  readonly hasUnpackedSize: boolean;
  readonly filterCount: number;
  /** As they are written, without the zeros after them. */
  readonly filters: Uint8Array;
  /** What lies over LZMA2; undefined: something that is not undone here. */
  readonly filter: 'none' | 'x86' | undefined;
}

/** How many bytes the header at `at` has. */
export function headerBytes(file: Uint8Array, at: number): number {
  return UNIT_BYTES * ((file[at] ?? 0) + 1);
}

/** @throws UnreadableStreamError for what is no header, or one of a block that is not packed by LZMA2 */
export function readHeader(header: Uint8Array): BlockHeader {
  const sizeBytes = headerBytes(header, 0);
  const flags = header[1] ?? 0;
  if (sizeBytes !== header.length || sizeBytes < LEAST_BYTES || flags & RESERVED_FLAGS) throw unusual();
  const numbers = new NumberReader(header.subarray(0, -CRC_BYTES), 2);
  const hasPackedSize = (flags & SIZE_FLAG.packed) !== 0;
  const hasUnpackedSize = (flags & SIZE_FLAG.unpacked) !== 0;
  if (hasPackedSize) numbers.next();
  if (hasUnpackedSize) numbers.next();
  const from = numbers.at;
  const filterCount = (flags & FILTER_COUNT) + 1;
  const ids: number[] = [];
  // An x86 filter that has something to say begins elsewhere than at 0.
  let isUsual = filterCount <= 2;
  for (let left = filterCount; left > 0; left--) {
    ids.push(numbers.next());
    const length = numbers.next();
    if (left > 1 && length > 0) isUsual = false;
    numbers.skip(length);
  }
  if (numbers.at > sizeBytes - CRC_BYTES || ids.at(-1) !== FILTER.lzma2) throw unusual();
  const filter = !isUsual ? undefined : ids[0] === FILTER.lzma2 ? 'none' : ids[0] === FILTER.x86 ? 'x86' : undefined;
  return { sizeBytes, hasPackedSize, hasUnpackedSize, filterCount, filters: header.subarray(from, numbers.at), filter };
}

/** The header again, with these sizes if it has any. @throws UnreadableStreamError if there is no room for them */
export function writeHeader(
  { sizeBytes, hasPackedSize, hasUnpackedSize, filterCount, filters }: BlockHeader,
  sizes: { readonly packedBytes: number; readonly unpackedBytes: number },
): Uint8Array {
  const flags = (hasPackedSize ? SIZE_FLAG.packed : 0) | (hasUnpackedSize ? SIZE_FLAG.unpacked : 0) | (filterCount - 1);
  const used = Buffer.concat([
    Uint8Array.of(sizeBytes / UNIT_BYTES - 1, flags),
    hasPackedSize ? numberBytes(sizes.packedBytes) : new Uint8Array(0),
    hasUnpackedSize ? numberBytes(sizes.unpackedBytes) : new Uint8Array(0),
    filters,
  ]);
  if (used.length > sizeBytes - CRC_BYTES) throw unusual();
  const checked = Buffer.concat([used, new Uint8Array(sizeBytes - CRC_BYTES - used.length)]);
  return Buffer.concat([checked, u32(crc32(checked))]);
}

function unusual(): UnreadableStreamError {
  return new UnreadableStreamError('a block with an unusual header');
}
