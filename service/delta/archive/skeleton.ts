/**
 * The skeleton of a packed archive: the file with what comes out of its gzip stream or Zstandard frame in place of it, and without those
 * members that stand elsewhere as files, too. Of an initial RAM disk a hundredth is left.
 */
import { createHash } from 'node:crypto';
import type { Sha256 } from '../../core/ports.ts';
import { DeflateContent } from '../deflate/deflate-content.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { gzipStream, TRAILER_BYTES, Trailer } from '../deflate/members.ts';
import { MAX_FORM_BYTES } from '../deflate/unpacked.ts';
import { CPIO_HEADER_BYTES, leadingCpioBytes, readCpioHeader } from './cpio.ts';
import { isFrame, startInFrame, type UnpackedFrame, unpackFrame } from './frame-archive.ts';
import type { KnownFiles } from './known-files.ts';
import type { Place } from './places.ts';
import { Pulled } from './pulled.ts';
import { type Member, walkArchive } from './walk.ts';

/** What comes out of one file, at most. */
export const MAX_CONTENT_BYTES = 1 << 30;
const NOTHING = { bytes: new Uint8Array(0), places: [], unpacked: undefined };

/** Where the packed archive begins in the file, which may begin with an archive that is not packed; undefined if there is none. */
export function streamOf(file: Uint8Array): number | undefined {
  const at = leadingCpioBytes(file);
  if (isFrame(file, at)) return readCpioHeader(startInFrame(file, at).subarray(0, CPIO_HEADER_BYTES)) ? at : undefined;
  const from = gzipStream(file, at);
  if (from === undefined) return undefined;
  try {
    const start = new Uint8Array(CPIO_HEADER_BYTES);
    new DeflateContent(file, from).read(start);
    return readCpioHeader(start) ? from : undefined;
  } catch (error) {
    if (error instanceof UnreadableStreamError) return undefined;
    throw error;
  }
}

export interface Skeleton {
  readonly bytes: Uint8Array;
  /** Of these what stands before the archive's, and after. */
  readonly before: number;
  readonly after: number;
  /** Whether the trailer of gzip was right, and was left out. */
  readonly trailed: boolean;
  /** Where the members' data were in what was packed. */
  readonly places: readonly Place[];
  /** Of a frame. */
  readonly unpacked: UnpackedFrame | undefined;
}

/** What was packed, front to back. */
interface Packed {
  readonly source: Pulled;
  /** Known when all was taken: where in the file it ends, and whether the right trailer of gzip follows. */
  readonly end: () => number;
  readonly isTrailed: () => boolean;
  readonly unpacked?: UnpackedFrame;
}

function packedIn(file: Uint8Array, from: number): Packed {
  if (isFrame(file, from)) {
    const unpacked = unpackFrame(file, from);
    return { source: Pulled.of(unpacked.content), end: () => unpacked.frame.end, isTrailed: () => false, unpacked };
  }
  const content = new DeflateContent(file, from, MAX_CONTENT_BYTES);
  const trailer = new Trailer();
  const source = Pulled.from((into) => {
    const got = content.read(into);
    trailer.add(into.subarray(0, got));
    return got;
  });
  const isTrailed = (): boolean =>
    Buffer.compare(file.subarray(content.end, content.end + TRAILER_BYTES), trailer.bytes()) === 0;
  return { source, end: () => content.end, isTrailed };
}

/**
 * `isElsewhere` is asked about each member, in order.
 * @throws UnreadableStreamError for what is no packed archive, or one of which too much is left
 */
export function skeletonOf(
  file: Uint8Array,
  from: number,
  isElsewhere: (member: Member, sha256: Sha256) => boolean,
): Skeleton {
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (bytes: Uint8Array): void => {
    size += bytes.length;
    if (size > MAX_FORM_BYTES) throw new UnreadableStreamError('an archive of which too much is nowhere else');
    parts.push(bytes);
  };
  const packed = packedIn(file, from);
  const { source, unpacked } = packed;
  const places: Place[] = [];
  let at = 0;
  add(file.subarray(0, from));
  walkArchive(source, {
    between: (bytes) => {
      add(bytes);
      at += bytes.length;
    },
    member: (member) => {
      const data = source.exactly(member.sizeBytes);
      places.push({ ...member, at });
      at += data.length;
      if (!isElsewhere(member, createHash('sha256').update(data).digest('hex'))) add(data);
    },
  });
  const end = packed.end();
  const trailed = packed.isTrailed();
  const rest = file.subarray(trailed ? end + TRAILER_BYTES : end);
  add(rest);
  return { bytes: Buffer.concat(parts), before: from, after: rest.length, trailed, places, unpacked };
}

/** Of the old file, for the new one's to be made from; nothing if it is no packed archive. The same on both sides of a difference. */
export function oldSkeleton(file: Uint8Array, known: KnownFiles): Pick<Skeleton, 'bytes' | 'places' | 'unpacked'> {
  const from = streamOf(file);
  if (from === undefined) return NOTHING;
  try {
    return skeletonOf(file, from, (_, sha256) => known.isOld(sha256));
  } catch (error) {
    if (error instanceof UnreadableStreamError) return NOTHING;
    throw error;
  }
}
