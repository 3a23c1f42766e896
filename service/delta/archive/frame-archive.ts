/** Archives that are packed in a Zstandard frame: they are unpacked whole, and their parse is kept. */
import { requireMemory } from '../../sys/free-memory.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { Parse } from '../ripdiff/parse/parse.ts';
import { Content } from '../zstd/content.ts';
import { MAGIC } from '../zstd/format.ts';
import { type Frame, frameStart, readFrame } from '../zstd/frame.ts';

/** Held whole. */
export const MAX_FRAME_CONTENT = 256 << 20;
const MAX_SYMBOLS = 1 << 25;
const LIKELY_RATIO = 4;
/** For each packed byte: content, its copy while it grows, and parse; measured on all modules of a kernel. */
const MEMORY_PER_BYTE = 13;

export interface UnpackedFrame {
  readonly content: Uint8Array;
  readonly parse: Parse;
  readonly frame: Frame;
}

export function isFrame(file: Uint8Array, from: number): boolean {
  return Buffer.compare(file.subarray(from, from + MAGIC.length), MAGIC) === 0;
}

/** The first bytes of what is in the frame at `from`; none if it is damaged. */
export function startInFrame(file: Uint8Array, from: number): Uint8Array {
  try {
    return frameStart(file, from);
  } catch (error) {
    if (error instanceof UnreadableStreamError) return new Uint8Array(0);
    throw error;
  }
}

/**
 * @throws UnreadableStreamError
 * @throws RippleError `NoSpace` where it takes more memory than is free
 */
export function unpackFrame(file: Uint8Array, from: number): UnpackedFrame {
  requireMemory(MEMORY_PER_BYTE * (file.length - from), `unpacking an archive of ${file.length} bytes to compare it`);
  const content = new Content(Math.min(MAX_FRAME_CONTENT, LIKELY_RATIO * file.length));
  content.limit = MAX_FRAME_CONTENT;
  const parse = new Parse(0, MAX_SYMBOLS);
  const frame = readFrame(file, from, content, parse);
  return { content: content.bytes, parse, frame };
}
