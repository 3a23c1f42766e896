import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { RippleError } from '../../api/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { i32, putU32 } from '../exe/bytes.ts';

/**
 * New bytes in large amounts go beside the range code, in pieces under Brotli (RFC 7932): decoded a hundred times faster than by mixed
 * contexts, for some more bytes. Pieces lie at the end of a frame, the first one last, so that a frame without any pays nothing.
 */
export const BULK_PIECE = 1 << 23;

/** The least that zlib takes. */
const MIN_CHUNK = 64;

/** Above this many new bytes in one file they go in bulk: mixed contexts would keep a laptop busy for seconds. */
export function isBulk(extraBytes: number, newSize: number): boolean {
  return extraBytes > Math.max(1 << 19, newSize / 32);
}

export interface BulkStore {
  /** Encoding: keeps a piece. */
  write(bytes: Uint8Array): void;
  /** Decoding: the next piece, which has `length` bytes. */
  read(length: number): Uint8Array;
}

export class BulkWriter implements BulkStore {
  private pieces: Uint8Array[] = [];
  size = 0;
  private readonly quality: number;

  /** `quality` of Brotli, 0 to 11: low where only the size is asked for. */
  constructor(quality = 11) {
    this.quality = quality;
  }

  compress(bytes: Uint8Array): Buffer {
    return brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: this.quality,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
  }

  write(bytes: Uint8Array): void {
    this.pieces.unshift(bytes);
    this.size += bytes.length;
  }

  read(): Uint8Array {
    throw new RippleError('Internal', 'a writer of bulk bytes was read');
  }

  /** All pieces, as they end a frame. */
  finish(): Uint8Array {
    const all = Buffer.concat(this.pieces);
    this.pieces = [];
    this.size = 0;
    return all;
  }
}

export class BulkReader implements BulkStore {
  private readonly frame: ByteSource;
  private end: number;

  constructor(frame: ByteSource) {
    this.frame = frame;
    this.end = frame.sizeBytes;
  }

  write(): void {
    throw new RippleError('Internal', 'a reader of bulk bytes was written');
  }

  read(length: number): Uint8Array {
    if (length > this.end) throw damaged();
    this.end -= length;
    const piece = new Uint8Array(length);
    this.frame.readAt(piece, this.end);
    return piece;
  }
}

/** One piece back to its `length` bytes; anything else is refused. */
export function unpack(piece: Uint8Array, length: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    // In one chunk, which has room to spare so that no second one is asked for: several would be copied together.
    bytes = brotliDecompressSync(piece, { maxOutputLength: Math.max(length, 1), chunkSize: length + MIN_CHUNK });
  } catch {
    throw damaged();
  }
  if (bytes.length !== length) throw damaged();
  return bytes;
}

function damaged(): RippleError {
  return new RippleError('InvalidArgument', 'the diff is damaged; fetch it again');
}

const SPAN = 1 << 25;

/** Makes the distances of x86 calls absolute in place (as LZX does), so that calls of one function look alike. Undone by `relativeCalls`. */
export function absoluteCalls(b: Uint8Array): void {
  for (let i = 0; i + 5 <= b.length; i++) {
    if (((b[i] ?? 0) & 0xfe) !== 0xe8) continue;
    const v = i32(b, i + 1);
    if (v >= -i && v < SPAN - i) putU32(b, i + 1, v + i);
    else if (v >= SPAN - i && v < SPAN) putU32(b, i + 1, v - SPAN);
    i += 4;
  }
}

export function relativeCalls(b: Uint8Array): void {
  for (let i = 0; i + 5 <= b.length; i++) {
    if (((b[i] ?? 0) & 0xfe) !== 0xe8) continue;
    const v = i32(b, i + 1);
    if (v >= 0 && v < SPAN) putU32(b, i + 1, v - i);
    else if (v >= -i && v < 0) putU32(b, i + 1, v + SPAN);
    i += 4;
  }
}
