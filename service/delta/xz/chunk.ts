/** The chunks of LZMA2, as the comments of XZ Embedded and of the LZMA SDK have them: the format has no other description. */
import { UnreadableStreamError } from '../deflate/format.ts';

/** Of the packed bytes, and of the content. */
export const MAX_CHUNK = { packed: 1 << 16, unpacked: 1 << 21 } as const;

/** How a chunk goes on with what was before. */
export const CONTROL = {
  end: 0,
  /** Not packed, with a new dictionary. */
  plainAnew: 1,
  plain: 2,
  /** Packed. */
  packed: 4,
  /** Packed, with a new state. */
  packedState: 5,
  /** With new properties as well. */
  packedProperties: 6,
  /** And a new dictionary. */
  packedAnew: 7,
} as const;
export type ChunkControl = number;

export interface Chunk {
  readonly control: ChunkControl;
  /** The lc, lp and pb in one byte, where they are set. */
  readonly properties: number;
  readonly unpackedBytes: number;
  /** Where the packed bytes lie. */
  readonly from: number;
  readonly end: number;
}

const PACKED_BIT = 0x80;

/** @throws UnreadableStreamError for what is no chunk, or not all there */
export function readChunk(file: Uint8Array, at: number): Chunk {
  const byte = file[at] ?? PACKED_BIT - 1;
  const from = at + 1;
  if (byte === CONTROL.end) return { control: CONTROL.end, properties: 0, unpackedBytes: 0, from, end: from };
  if (byte < PACKED_BIT) {
    if (byte > CONTROL.plain) throw new UnreadableStreamError('a chunk of no kind');
    const unpackedBytes = u16(file, from) + 1;
    return inside(file, { control: byte, properties: 0, unpackedBytes, from: from + 2, end: from + 2 + unpackedBytes });
  }
  const control = CONTROL.packed + ((byte >> 5) & 3);
  const unpackedBytes = ((byte & 31) << 16) + u16(file, from) + 1;
  const hasProperties = control >= CONTROL.packedProperties;
  const start = from + (hasProperties ? 5 : 4);
  const end = start + u16(file, from + 2) + 1;
  return inside(file, {
    control,
    properties: hasProperties ? (file[start - 1] ?? 0) : 0,
    unpackedBytes,
    from: start,
    end,
  });
}

/** What stands before the chunk's bytes. */
export function chunkHeader(
  control: ChunkControl,
  unpackedBytes: number,
  packedBytes = 0,
  properties?: number,
): Uint8Array {
  const size = unpackedBytes - 1;
  if (control < CONTROL.packed) return Uint8Array.of(control, size >> 8, size);
  const packed = packedBytes - 1;
  const start = [PACKED_BIT | ((control - CONTROL.packed) << 5) | (size >> 16), size >> 8, size, packed >> 8, packed];
  return Uint8Array.from(properties === undefined ? start : [...start, properties]);
}

function inside(file: Uint8Array, chunk: Chunk): Chunk {
  if (chunk.end > file.length) throw new UnreadableStreamError('a chunk that is cut short');
  return chunk;
}

function u16(file: Uint8Array, at: number): number {
  return (file[at] ?? 0) * 256 + (file[at + 1] ?? 0);
}
