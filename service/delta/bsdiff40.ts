/**
 * The format of bsdiff 4 (Percival, 2003; its bspatch.c describes it): 32 bytes of header, then three bzip2 streams. The
 * header has the magic, the lengths of the first two streams and the size of the new file. The first stream has triples:
 * how many bytes of the old file to take, adding those of the second stream; how many to take from the third stream; how
 * far to move on in the old file from there. Numbers are 8 bytes, lowest first; the highest bit is the sign.
 */
import type { Blocks } from './blocks.ts';
import type { ByteSource } from './byte-source.ts';
import { Bzip2Reader } from './bzip2/reader.ts';
import { Bzip2Writer } from './bzip2/writer.ts';
import { DamagedDiffError } from './damaged-diff.ts';
import type { DecodeLimits, Sink } from './format.ts';
import { OldWindow } from './old-window.ts';

export const BSDIFF40_MAGIC = 'BSDIFF40';
const HEADER_BYTES = 32;
const TRIPLE_BYTES = 24;
const PIECE_BYTES = 1 << 16;
const SIGN = 0x80;

interface Header {
  readonly controlEnd: number;
  readonly differencesEnd: number;
  readonly newBytes: number;
}

/**
 * Makes the new file and hands it to `sink` in order; the array that the sink is given is used again. Holds at most
 * 15 MB. Takes what bspatch takes, but for streams with anything behind them.
 * @throws DamagedDiffError for any other input, after at most `limits.maxNewBytes`
 */
export function readBsdiff40(old: ByteSource, diff: ByteSource, sink: Sink, limits: DecodeLimits): void {
  const header = readHeader(diff);
  if (header.newBytes > limits.maxNewBytes)
    throw new DamagedDiffError(`it makes ${header.newBytes} bytes where ${limits.maxNewBytes} are the most`);
  const control = new Stream(diff, HEADER_BYTES, header.controlEnd);
  const differences = new Stream(diff, header.controlEnd, header.differencesEnd);
  const extra = new Stream(diff, header.differencesEnd, diff.sizeBytes);
  const triple = new Uint8Array(TRIPLE_BYTES);
  const piece = new Uint8Array(Math.min(PIECE_BYTES, header.newBytes));
  let inPiece = 0;
  let left = header.newBytes;
  let oldPosition = 0;
  let idle = 0;
  const corrected = new CorrectedOld(old, differences);
  const take = (count: number, fill: (from: number, to: number, done: number) => void): void => {
    for (let done = 0; done < count; ) {
      const length = Math.min(count - done, piece.length - inPiece);
      fill(inPiece, inPiece + length, done);
      done += length;
      inPiece += length;
      if (inPiece < piece.length) continue;
      sink(piece);
      inPiece = 0;
    }
    left -= count;
  };
  while (left > 0) {
    control.fill(triple, 0, TRIPLE_BYTES);
    const addCount = readNumber(triple, 0);
    const extraCount = readNumber(triple, 8);
    if (addCount < 0 || extraCount < 0) throw new DamagedDiffError('a negative length');
    if (addCount > left || extraCount > left - addCount)
      throw new DamagedDiffError('its pieces are longer than the new file');
    // Triples that make nothing compress to nothing: without a bound a small diff keeps a laptop busy for days.
    if (addCount + extraCount === 0 && ++idle > header.newBytes)
      throw new DamagedDiffError('it moves about for nothing');
    take(addCount, (from, to, done) => corrected.fill(piece, from, to, oldPosition + done));
    take(extraCount, (from, to) => extra.fill(piece, from, to));
    oldPosition += addCount + readNumber(triple, 16);
    if (!Number.isSafeInteger(oldPosition)) throw new DamagedDiffError('a position beyond 2^53');
  }
  if (inPiece > 0) sink(piece.subarray(0, inPiece));
  for (const stream of [control, differences, extra]) stream.finish();
}

function readHeader(diff: ByteSource): Header {
  if (diff.sizeBytes < HEADER_BYTES) throw new DamagedDiffError(`${diff.sizeBytes} bytes are less than its header`);
  const header = new Uint8Array(HEADER_BYTES);
  diff.readAt(header, 0);
  if (Buffer.from(header.subarray(0, 8)).toString('latin1') !== BSDIFF40_MAGIC)
    throw new DamagedDiffError(`it does not start with ${BSDIFF40_MAGIC}`);
  const controlBytes = readNumber(header, 8);
  const differenceBytes = readNumber(header, 16);
  const newBytes = readNumber(header, 24);
  if (controlBytes < 0 || differenceBytes < 0 || newBytes < 0)
    throw new DamagedDiffError('a negative length in its header');
  const room = diff.sizeBytes - HEADER_BYTES;
  if (controlBytes > room || differenceBytes > room - controlBytes)
    throw new DamagedDiffError('its parts are longer than itself');
  const controlEnd = HEADER_BYTES + controlBytes;
  return { controlEnd, differencesEnd: controlEnd + differenceBytes, newBytes };
}

/** One of the three: must have what is asked for, and at the end nothing else. */
class Stream {
  readonly #reader: Bzip2Reader;
  readonly #end: number;

  constructor(diff: ByteSource, start: number, end: number) {
    this.#reader = new Bzip2Reader(diff, start, end);
    this.#end = end;
  }

  fill(target: Uint8Array, from: number, to: number): void {
    if (this.#reader.read(target, from, to) !== to - from)
      throw new DamagedDiffError('one of its streams ends too soon');
  }

  finish(): void {
    if (!this.#reader.atEnd() || this.#reader.endPosition() !== this.#end)
      throw new DamagedDiffError('there is more in it than the new file');
  }
}

/** Bytes of the old file with differences added. What lies outside the file counts as 0, as it does for bspatch. */
class CorrectedOld {
  readonly #old: OldWindow;
  readonly #differences: Stream;
  readonly #bytes = new Uint8Array(PIECE_BYTES);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  constructor(old: ByteSource, differences: Stream) {
    this.#old = new OldWindow(old);
    this.#differences = differences;
  }

  /** At most `PIECE_BYTES` at once; `position` is in the old file. */
  fill(target: Uint8Array, from: number, to: number, position: number): void {
    const length = to - from;
    this.#old.read(target, from, to, position);
    this.#differences.fill(this.#bytes, 0, length);
    addWords(target, from, this.#bytes, this.#words, length);
  }
}

/** Adds `length` bytes, which `words` are too, to `target` from `from` on. Nearly all are 0. */
function addWords(target: Uint8Array, from: number, bytes: Uint8Array, words: Uint32Array, length: number): void {
  const count = (length + 3) >> 2;
  for (let word = 0; word < count; word++) {
    if (words[word] === 0) continue;
    const end = Math.min(word * 4 + 4, length);
    for (let i = word * 4; i < end; i++) target[from + i] = (target[from + i] ?? 0) + (bytes[i] ?? 0);
  }
}

/** @throws DamagedDiffError if it is beyond 2^53: no file is that long */
function readNumber(bytes: Uint8Array, at: number): number {
  let value = (bytes[at + 7] ?? 0) & ~SIGN;
  for (let i = 6; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  if (!Number.isSafeInteger(value)) throw new DamagedDiffError('a number beyond 2^53');
  return ((bytes[at + 7] ?? 0) & SIGN) === 0 || value === 0 ? value : -value;
}

function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  let rest = Math.abs(value);
  for (let i = 0; i < 8; i++) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (value < 0) bytes[at + 7] = (bytes[at + 7] ?? 0) | SIGN;
}

/** The diff that makes `target` from `old` by `blocks`, which cover it; stock bspatch takes it. */
export function writeBsdiff40(old: Uint8Array, target: Uint8Array, blocks: Blocks): Uint8Array {
  const control = new Bzip2Writer();
  const differences = new Bzip2Writer();
  const extra = new Bzip2Writer();
  const triple = new Uint8Array(TRIPLE_BYTES);
  const piece = new Uint8Array(PIECE_BYTES);
  const writeTriple = (addCount: number, extraCount: number, seek: number): void => {
    for (const [i, value] of [addCount, extraCount, seek].entries()) writeNumber(triple, i * 8, value);
    control.write(triple);
  };
  const first = blocks.oldPositions[0] ?? 0;
  if (blocks.count > 0 && first !== 0) writeTriple(0, 0, first);
  let at = 0;
  for (let i = 0; i < blocks.count; i++) {
    const oldPosition = blocks.oldPositions[i] ?? 0;
    const addCount = blocks.addBytes[i] ?? 0;
    const extraCount = blocks.extraBytes[i] ?? 0;
    for (let done = 0; done < addCount; ) {
      const length = Math.min(PIECE_BYTES, addCount - done);
      for (let k = 0; k < length; k++) piece[k] = (target[at + done + k] ?? 0) - (old[oldPosition + done + k] ?? 0);
      differences.write(piece.subarray(0, length));
      done += length;
    }
    at += addCount;
    extra.write(target.subarray(at, at + extraCount));
    at += extraCount;
    const next = i + 1 < blocks.count ? (blocks.oldPositions[i + 1] ?? 0) : oldPosition + addCount;
    writeTriple(addCount, extraCount, next - oldPosition - addCount);
  }
  const [controlBytes, differenceBytes, extraBytes] = [control.finish(), differences.finish(), extra.finish()];
  const header = new Uint8Array(HEADER_BYTES);
  header.set(Buffer.from(BSDIFF40_MAGIC, 'latin1'));
  for (const [i, value] of [controlBytes.length, differenceBytes.length, target.length].entries())
    writeNumber(header, 8 + i * 8, value);
  return Buffer.concat([header, controlBytes, differenceBytes, extraBytes]);
}
