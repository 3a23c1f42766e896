/** The unpacked form of files: the same bytes, but for each Zstandard frame in them what comes out of it; and how it was packed. */
import { UnreadableStreamError } from '../deflate/format.ts';
import { Parse } from '../ripdiff/parse/parse.ts';
import { MAX_FORM_BYTES, MAX_PACKED_BYTES, maxFormBytes, type Unpacked } from '../ripdiff/parse/unpacked.ts';
import { Content } from './content.ts';
import { MAGIC } from './format.ts';
import { type Frame, readFrame } from './frame.ts';

/** These bound the time for files that look like many frames. */
const MAX_FRAMES = 1 << 12;
const MAX_FAILURES = 1 << 6;
const LIKELY_RATIO = 4;

/**
 * The answer depends on the bytes alone: both sides of a difference rely on it. A damaged frame stays as it is, and so does what would
 * be more than `MAX_FORM_BYTES` with what was before it. One file without frames is not copied.
 */
export function unpackZstd(files: readonly Uint8Array[]): Unpacked<Frame> {
  const [only, second] = files;
  const parse = new Parse();
  if (only && !second && !holdsMagic(only)) return { form: only, ends: [only.length], parse, streams: [[]] };
  let total = 0;
  for (const { length } of files) total += length;
  const content = new Content(LIKELY_RATIO * Math.min(total, MAX_FORM_BYTES / LIKELY_RATIO));
  const ends: number[] = [];
  const streams = files.map((file) => {
    const frames = file.length > MAX_PACKED_BYTES ? [] : framesOf(file, content, parse);
    content.limit = Number.POSITIVE_INFINITY;
    content.add(file.subarray(frames.at(-1)?.end ?? 0));
    ends.push(content.size);
    return frames;
  });
  return { form: content.bytes, ends, parse, streams };
}

function holdsMagic(file: Uint8Array): boolean {
  return file.length <= MAX_PACKED_BYTES && bufferOf(file).includes(MAGIC);
}

/** What stands before each frame goes into the content as well. */
function framesOf(file: Uint8Array, content: Content, parse: Parse): Frame[] {
  const bytes = bufferOf(file);
  const frames: Frame[] = [];
  const limit = Math.min(MAX_FORM_BYTES, content.size + maxFormBytes(file.length));
  let failures = 0;
  let done = 0;
  for (let at = bytes.indexOf(MAGIC); at >= 0 && frames.length < MAX_FRAMES && failures < MAX_FAILURES; ) {
    const { size } = content;
    const mark = parse.mark();
    try {
      content.limit = limit;
      content.add(file.subarray(done, at));
      const frame = readFrame(file, at, content, parse);
      frames.push(frame);
      done = frame.end;
      at = bytes.indexOf(MAGIC, done);
    } catch (error) {
      if (!(error instanceof UnreadableStreamError)) throw error;
      failures++;
      content.size = size;
      parse.backTo(mark);
      at = bytes.indexOf(MAGIC, at + 1);
    }
  }
  return frames;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
