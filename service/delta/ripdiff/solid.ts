import { RippleError } from '../../api/errors.ts';
import type { KnownFiles } from '../archive/known-files.ts';
import { type ByteSource, partOf } from '../byte-source.ts';
import { type Base, NO_BASE } from './base.ts';
import { BulkReader, BulkWriter } from './bulk.ts';
import { FileCodec, type FilePlan, planFile } from './file-codec.ts';
import { type KeptBytes, PushedAndKept, type PushedBytes, PushedToMemory } from './pushed-bytes.ts';
import { RangeDecoder, RangeEncoder } from './range-coder.ts';
import { SourceCodec, type Sources } from './source-codec.ts';

/** One file of a solid stream: made from `base`, or from nothing. */
export interface SolidRecord {
  readonly base?: Base;
  /** What `base` is, where it is not the one that the reader expects. */
  readonly sources?: Sources;
  /** How to code it, if that is known already. */
  readonly plan?: FilePlan;
  readonly target: Uint8Array;
  readonly hint: { readonly path: string };
}

export interface SolidOptions {
  readonly log?: (text: string) => void;
}

/** A frame ends after the record that takes it past this many coded bytes: what came of a frame has to wait for the rest of it. */
const FRAME_BYTES = 1 << 16;
const MAX_RECORDS_IN_FRAME = 1 << 16;
/** Two numbers of 5 bytes. */
const MAX_HEAD_BYTES = 10;

/**
 * Files coded one after the other over shared models, so that what one of them taught makes the next cheaper. The stream is a row of
 * frames: number of records, number of bytes (both LEB128), then the code.
 */
export function* encodeSolidFrames(records: Iterable<SolidRecord>, options: SolidOptions = {}): Generator<Uint8Array> {
  const codec = new FileCodec();
  const sourceCodec = new SourceCodec();
  const bulk = new BulkWriter();
  let coder = new RangeEncoder();
  let count = 0;
  let number = 0;
  const frame = (): Uint8Array => {
    const code = Buffer.concat([coder.finish(bulk.size > 0), bulk.finish()]);
    const bytes = Buffer.concat([leb128(count), leb128(code.length), code]);
    coder = new RangeEncoder();
    count = 0;
    return bytes;
  };
  for (const { base = NO_BASE, target, sources, plan } of records) {
    sourceCodec.code(coder, number++, sources);
    codec.encode(coder, bulk, plan ?? planFile(base, target, options.log));
    count++;
    if (coder.size + bulk.size >= FRAME_BYTES || count === MAX_RECORDS_IN_FRAME) yield frame();
  }
  if (count > 0) yield frame();
}

/** As `encodeSolidFrames`, in one piece. */
export function encodeSolid(records: Iterable<SolidRecord>, options: SolidOptions = {}): Uint8Array {
  return Buffer.concat([...encodeSolidFrames(records, options)]);
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

export interface SolidLimits {
  /** Coded bytes of one frame. */
  readonly maxFrameBytes: number;
}

/** What a decoder asks for and gives, record by record in the stream's order (counted from 0). */
export interface SolidReceiver {
  /** The bytes that the record was made from; throws for a source that is not there. */
  base(record: number, sources: Sources): Base | undefined;
  /** Files that the record may be made from besides. */
  known?(record: number): KnownFiles | undefined;
  /** More bytes than this for the record are refused. */
  maxNewBytes(record: number): number;
  /** The next bytes of the record's file; the array is used again. */
  data(record: number, bytes: Uint8Array): void;
  /** The file is whole: the receiver checks its hash, and throws to stop. */
  end(record: number): void;
}

/**
 * Decodes a solid stream as it comes: each frame that is whole is decoded at once. After any error it is spent. To go on after a broken
 * transfer, push the bytes that were kept and then the rest: records already written need no sink but must be decoded, as models learn from them.
 */
export class SolidDecoder {
  private readonly receiver: SolidReceiver;
  private readonly limits: SolidLimits;
  private readonly stream: PushedBytes;
  private readonly codec = new FileCodec();
  private readonly sources = new SourceCodec();
  private neededBytes = 2;
  private record = 0;

  /** `kept`: what is pushed can be read there too, so that no frame is held in memory. */
  constructor(receiver: SolidReceiver, limits: SolidLimits, kept?: KeptBytes) {
    this.receiver = receiver;
    this.limits = limits;
    this.stream = kept ? new PushedAndKept(kept) : new PushedToMemory();
  }

  /** Records decoded so far. */
  get records(): number {
    return this.record;
  }

  push(bytes: Uint8Array): void {
    this.stream.push(bytes);
    while (this.stream.sizeBytes >= this.neededBytes && this.frame());
  }

  /** No more bytes will come. */
  finish(): void {
    if (this.stream.sizeBytes > 0)
      throw new RippleError('InvalidArgument', 'the bundle ends too early; fetch it again');
  }

  /** Decodes the first frame of what waits; false when it is not whole yet. */
  private frame(): boolean {
    const { stream } = this;
    const head = new Uint8Array(Math.min(MAX_HEAD_BYTES, stream.sizeBytes));
    stream.readAt(head, 0);
    const count = readLeb128(head, 0);
    const length = count && readLeb128(head, count.end);
    if (!count || !length) {
      this.neededBytes = stream.sizeBytes + 1;
      return false;
    }
    if (length.value > this.limits.maxFrameBytes || count.value > MAX_RECORDS_IN_FRAME)
      throw new RippleError('InvalidArgument', `a part of the bundle has ${length.value} bytes; refused`);
    this.neededBytes = length.end + length.value;
    if (stream.sizeBytes < this.neededBytes) return false;
    this.decode(count.value, partOf(stream, length.end, length.value));
    stream.drop(this.neededBytes);
    this.neededBytes = 2;
    return true;
  }

  private decode(count: number, code: ByteSource): void {
    const coder = new RangeDecoder(code);
    const bulk = new BulkReader(code);
    for (let i = 0; i < count; i++) {
      const record = this.record;
      const base = this.receiver.base(record, this.sources.code(coder, record)) ?? NO_BASE;
      const sink = (part: Uint8Array): void => this.receiver.data(record, part);
      const known = this.receiver.known?.(record);
      this.codec.decode(coder, bulk, base, sink, this.receiver.maxNewBytes(record), known);
      this.receiver.end(record);
      this.record++;
    }
  }
}

function readLeb128(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < MAX_HEAD_BYTES / 2; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new RippleError('InvalidArgument', 'the bundle has a number that is too long; fetch it again');
}
