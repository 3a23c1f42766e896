import { RippleError } from '../../api/errors.ts';
import { BulkReader, BulkWriter } from './bulk.ts';
import { FileCodec, planFile } from './file-codec.ts';
import { RangeDecoder, RangeEncoder } from './range-coder.ts';

/** One file of a solid stream: made from `base`, or from nothing. */
export interface SolidRecord {
  readonly base?: Uint8Array;
  readonly target: Uint8Array;
  readonly hint: { readonly path: string };
}

export interface SolidOptions {
  readonly log?: (text: string) => void;
}

/** A frame ends after the record that takes it past this many coded bytes: a decoder holds one frame at a time. */
const FRAME_BYTES = 1 << 16;
const MAX_RECORDS_IN_FRAME = 1 << 16;
const NOTHING = new Uint8Array(0);

/**
 * Files coded one after the other over shared models, so that what one of them taught makes the next cheaper. The stream is a row of
 * frames: number of records, number of bytes (both LEB128), then the code.
 */
export function* encodeSolidFrames(records: Iterable<SolidRecord>, options: SolidOptions = {}): Generator<Uint8Array> {
  const codec = new FileCodec();
  const bulk = new BulkWriter();
  let coder = new RangeEncoder();
  let count = 0;
  const frame = (): Uint8Array => {
    const code = Buffer.concat([coder.finish(bulk.size > 0), bulk.finish()]);
    const bytes = Buffer.concat([leb128(count), leb128(code.length), code]);
    coder = new RangeEncoder();
    count = 0;
    return bytes;
  };
  for (const { base = NOTHING, target } of records) {
    codec.encode(coder, bulk, planFile(base, target, options.log));
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
  /** Coded bytes of one frame, which is held in memory. */
  readonly maxFrameBytes: number;
}

/** What a decoder asks for and gives, record by record in the stream's order (counted from 0). */
export interface SolidReceiver {
  /** The bytes that the record was made from. */
  base(record: number): Uint8Array | undefined;
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
  private readonly codec = new FileCodec();
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private neededBytes = 2;
  private record = 0;

  constructor(receiver: SolidReceiver, limits: SolidLimits) {
    this.receiver = receiver;
    this.limits = limits;
  }

  /** Records decoded so far. */
  get records(): number {
    return this.record;
  }

  push(bytes: Uint8Array): void {
    this.waiting.push(Buffer.from(bytes));
    this.waitingBytes += bytes.length;
    while (this.waitingBytes >= this.neededBytes) {
      const all = this.waiting.length === 1 ? (this.waiting[0] ?? Buffer.alloc(0)) : Buffer.concat(this.waiting);
      this.waiting = [all];
      const rest = this.frame(all);
      if (!rest) break;
      this.waiting = [rest];
      this.waitingBytes = rest.length;
      this.neededBytes = 2;
    }
  }

  /** No more bytes will come. */
  finish(): void {
    if (this.waitingBytes > 0) throw new RippleError('InvalidArgument', 'the bundle ends too early; fetch it again');
  }

  /** Decodes the first frame of `bytes` and answers what follows it, or undefined when it is not whole yet. */
  private frame(bytes: Buffer): Buffer | undefined {
    const count = readLeb128(bytes, 0);
    const length = count && readLeb128(bytes, count.end);
    if (!count || !length) {
      this.neededBytes = bytes.length + 1;
      return undefined;
    }
    if (length.value > this.limits.maxFrameBytes || count.value > MAX_RECORDS_IN_FRAME)
      throw new RippleError('InvalidArgument', `a part of the bundle has ${length.value} bytes; refused`);
    this.neededBytes = length.end + length.value;
    if (bytes.length < this.neededBytes) return undefined;
    const code = bytes.subarray(length.end, this.neededBytes);
    const coder = new RangeDecoder(code);
    const bulk = new BulkReader(code);
    for (let i = 0; i < count.value; i++) {
      const record = this.record;
      const base = this.receiver.base(record) ?? NOTHING;
      this.codec.decode(
        coder,
        bulk,
        base,
        (part) => this.receiver.data(record, part),
        this.receiver.maxNewBytes(record),
      );
      this.receiver.end(record);
      this.record++;
    }
    return bytes.subarray(this.neededBytes);
  }
}

function readLeb128(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new RippleError('InvalidArgument', 'the bundle has a number that is too long; fetch it again');
}
