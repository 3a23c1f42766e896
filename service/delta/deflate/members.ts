import { crc32 } from './crc32.ts';
import { UnreadableStreamError } from './format.ts';
import { DeflateReader } from './reader.ts';

/** A compressed stream inside a file. */
export interface Member {
  /** Where the deflate stream lies. */
  readonly from: number;
  readonly end: number;
  readonly content: Uint8Array;
  /** After the stream comes what a gzip file ends with, and it is right. */
  readonly trailed: boolean;
}

export const TRAILER_BYTES = 8;
const GZIP_HEADER_BYTES = 10;
const GZIP_FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const ZIP_ENTRY = 0x04034b50;
const ZIP_HEADER_BYTES = 30;
const ZIP_DEFLATED = 8;
/** Sizes follow the data, in 12 to 24 bytes. */
const ZIP_SIZES_FOLLOW = 8;
const ZIP_SIZES_BYTES = [0, 12, 16, 20, 24] as const;

/**
 * The streams of a gzip (RFC 1952) or zip file, in order, as far as it can be read. The answer depends on the bytes alone: both sides
 * of a difference rely on it. More than `maxBytes` of content together are not taken apart.
 */
export function membersOf(file: Uint8Array, maxBytes: number): Member[] {
  const members: Member[] = [];
  let left = maxBytes;
  try {
    for (let from = firstStream(file); from !== undefined; ) {
      const reader = new DeflateReader(file, from, left);
      while (reader.next());
      const { content, end } = reader;
      left -= content.length;
      const trailed = isGzip(file, 0) && sameBytes(file.subarray(end, end + TRAILER_BYTES), trailerOf(content));
      members.push({ from, end, content, trailed });
      from = isGzip(file, 0) ? gzipStream(file, end + TRAILER_BYTES) : nextInZip(file, end);
    }
  } catch (error) {
    if (!(error instanceof UnreadableStreamError)) throw error;
  }
  return members;
}

/** What a gzip file has after the stream: checksum and size of the content. */
export function trailerOf(content: Uint8Array): Uint8Array {
  const trailer = new Trailer();
  trailer.add(content);
  return trailer.bytes();
}

/** As `trailerOf`, of content that comes in parts. */
export class Trailer {
  #crc = 0;
  #size = 0;

  add(content: Uint8Array): void {
    this.#crc = crc32(content, this.#crc);
    this.#size += content.length;
  }

  bytes(): Uint8Array {
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    return trailer;
  }
}

function firstStream(file: Uint8Array): number | undefined {
  return isGzip(file, 0) ? gzipStream(file, 0) : zipStream(file, 0);
}

function isGzip(file: Uint8Array, at: number): boolean {
  return file[at] === 0x1f && file[at + 1] === 0x8b && file[at + 2] === 8;
}

/** Where the stream of the gzip member at `at` begins, if there is one. */
export function gzipStream(file: Uint8Array, at: number): number | undefined {
  const flags = file[at + 3] ?? GZIP_FLAG.reserved;
  if (!isGzip(file, at) || flags & GZIP_FLAG.reserved) return undefined;
  let from = at + GZIP_HEADER_BYTES;
  if (flags & GZIP_FLAG.extra) from += 2 + u16(file, from);
  if (flags & GZIP_FLAG.name) from = afterZero(file, from);
  if (flags & GZIP_FLAG.comment) from = afterZero(file, from);
  if (flags & GZIP_FLAG.headerCrc) from += 2;
  return from < file.length ? from : undefined;
}

function afterZero(file: Uint8Array, at: number): number {
  const zero = file.indexOf(0, at);
  return zero === -1 ? file.length : zero + 1;
}

/** Where the first compressed stream begins among the zip entries from `at` on (APPNOTE.TXT, 4.3.7). */
function zipStream(file: Uint8Array, at: number): number | undefined {
  for (let entry = at; u32(file, entry) === ZIP_ENTRY; ) {
    const data = entry + ZIP_HEADER_BYTES + u16(file, entry + 26) + u16(file, entry + 28);
    if (data >= file.length) return undefined;
    if (u16(file, entry + 8) === ZIP_DEFLATED) return data;
    if (u16(file, entry + 6) & ZIP_SIZES_FOLLOW) return undefined;
    entry = data + u32(file, entry + 18);
  }
  return undefined;
}

/** After a stream: the next entry begins at once or after the sizes. */
function nextInZip(file: Uint8Array, end: number): number | undefined {
  const gap = ZIP_SIZES_BYTES.find((bytes) => u32(file, end + bytes) === ZIP_ENTRY);
  return gap === undefined ? undefined : zipStream(file, end + gap);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function u16(file: Uint8Array, at: number): number {
  return (file[at] ?? 0) + (file[at + 1] ?? 0) * 256;
}

function u32(file: Uint8Array, at: number): number {
  return u16(file, at) + u16(file, at + 2) * 65536;
}
