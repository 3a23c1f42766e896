import { CPIO_HEADER_BYTES, CPIO_TRAILER, padded, readCpioHeader } from './cpio.ts';
import type { Pulled } from './pulled.ts';

/** Smaller members stay where they are; larger ones would have to be held whole. */
const MIN_MEMBER_BYTES = 64;
const MAX_MEMBER_BYTES = 64 << 20;
const PIECE_BYTES = 1 << 16;

/** A regular file in an archive, of a size that makes it worth looking for elsewhere. */
export interface Member {
  /** Bytes as latin1, without a slash or `./` at its start. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface Visitor {
  /** Bytes that are no member's: headers, names, padding, what is small, and what follows the archive. */
  readonly between: (bytes: Uint8Array) => void;
  /** The source stands where the data of the member belong, or belonged: what is there has to be taken. */
  readonly member: (member: Member) => void;
}

/** Goes through an archive; what is none is walked over as one piece. The same for an archive and for its skeleton. */
export function walkArchive(source: Pulled, { between, member }: Visitor): void {
  let at = 0;
  const pass = (length: number): Uint8Array => {
    const bytes = source.exactly(length);
    between(bytes);
    at += length;
    return bytes;
  };
  for (let isEnd = false; !isEnd; ) {
    const head = source.upTo(CPIO_HEADER_BYTES);
    between(head);
    const header = readCpioHeader(head);
    if (!header) break;
    at += head.length;
    const { isFile, sizeBytes, nameBytes } = header;
    const named = pass(padded(at + nameBytes) - at);
    const name = Buffer.from(named.subarray(0, nameBytes - 1)).toString('latin1');
    if (isFile && sizeBytes >= MIN_MEMBER_BYTES && sizeBytes <= MAX_MEMBER_BYTES) {
      member({ path: name.replace(/^(\.?\/)+/, ''), sizeBytes });
      at += sizeBytes;
    } else {
      for (let left = sizeBytes; left > 0; left -= PIECE_BYTES) pass(Math.min(left, PIECE_BYTES));
    }
    pass(padded(at) - at);
    isEnd = name === CPIO_TRAILER;
  }
  for (let rest = source.upTo(PIECE_BYTES); rest.length > 0; rest = source.upTo(PIECE_BYTES)) between(rest);
}
