import { RippleError } from '../../api/errors.ts';
import type { ByteSource } from '../byte-source.ts';

/**
 * One binary decision of an arithmetic code. Encoder and decoder share every model above this interface: the encoder is
 * given the bit and returns it, the decoder ignores what it is given and returns the bit it read. So the two can't drift.
 */
export interface BitCoder {
  readonly encoding: boolean;
  /** `probability` that the bit is 1, in 1/65536, from 1 to 65535. */
  code(probability: number, bit: number): number;
}

const TOP = 0x1000000;

function boundOf(range: number, probability: number): number {
  return (Math.imul(range >>> 16, probability) + (Math.imul(range & 0xffff, probability) >>> 16)) >>> 0;
}

/** Range encoder with carry propagation (the scheme of G. N. N. Martin, 1979), 32-bit range, byte output. */
export class RangeEncoder implements BitCoder {
  readonly encoding = true;
  private low = 0;
  private range = 0xffffffff;
  private cache = 0;
  private pending = 0;
  private first = true;
  private bytes = new Uint8Array(1024);
  private length = 0;

  code(probability: number, bit: number): number {
    const bound = boundOf(this.range, probability);
    if (bit !== 0) {
      this.range = bound;
    } else {
      this.low += bound;
      this.range = (this.range - bound) >>> 0;
    }
    while (this.range < TOP) {
      this.range = (this.range << 8) >>> 0;
      this.shift();
    }
    return bit;
  }

  private shift(): void {
    if (this.low < 0xff000000 || this.low > 0xffffffff) {
      const carry = this.low > 0xffffffff ? 1 : 0;
      if (this.first) this.first = false;
      else this.put((this.cache + carry) & 0xff);
      for (; this.pending > 0; this.pending--) this.put((0xff + carry) & 0xff);
      this.cache = Math.floor(this.low / TOP) & 0xff;
    } else {
      this.pending++;
    }
    this.low = (this.low % TOP) * 256;
  }

  private put(byte: number): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(this.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = byte;
  }

  /** Bytes made so far. */
  get size(): number {
    return this.length;
  }

  /**
   * The bytes of the whole code. Zero bytes at its end are left out, as the decoder reads zeros past the end, unless `whole`:
   * something else follows.
   */
  finish(whole = false): Uint8Array {
    // Any number in [low, low + range) will do: take the one with the most zero bytes at its end.
    for (let keep = 8; keep <= 32; keep += 8) {
      const unit = 2 ** (32 - keep);
      const rounded = Math.ceil(this.low / unit) * unit;
      if (rounded < this.low + this.range) {
        this.low = rounded;
        break;
      }
    }
    for (let i = 0; i < 5; i++) this.shift();
    let end = this.length;
    while (!whole && end > 0 && this.bytes[end - 1] === 0) end--;
    return this.bytes.slice(0, end);
  }
}

/** Bytes past the end of a code that a decoder may ask for before the code is called cut short. */
const SLACK = 8;
/** A longer code is not held whole. */
const WINDOW_BYTES = 1 << 16;

export class RangeDecoder implements BitCoder {
  readonly encoding = false;
  private readonly source: ByteSource;
  private readonly window: Uint8Array;
  /** What the window holds begins here, and ends after so many bytes. */
  private windowStart = 0;
  private windowEnd = 0;
  private position = 0;
  /** Bytes that were asked for past the end. */
  private past = 0;
  // Both are 32 bits without a sign, kept as numbers with one: those the engine keeps in registers.
  private range = -1;
  private offset = 0;

  constructor(source: ByteSource) {
    this.source = source;
    this.window = new Uint8Array(Math.min(source.sizeBytes, WINDOW_BYTES));
    for (let i = 0; i < 4; i++) this.offset = (this.offset << 8) | this.next();
  }

  code(probability: number, _bit: number): number {
    let range = this.range;
    const bound = boundOf(range, probability) | 0;
    let bit = 1;
    if (this.offset >>> 0 < bound >>> 0) {
      range = bound;
    } else {
      this.offset = (this.offset - bound) | 0;
      range = (range - bound) | 0;
      bit = 0;
    }
    while (range >>> 0 < TOP) {
      range <<= 8;
      this.offset = (this.offset << 8) | this.next();
    }
    this.range = range;
    return bit;
  }

  private next(): number {
    return this.position < this.windowEnd ? (this.window[this.position++] ?? 0) : this.nextWindow();
  }

  private nextWindow(): number {
    const { source, window } = this;
    this.windowStart += this.windowEnd;
    const left = source.sizeBytes - this.windowStart;
    if (left <= 0) {
      // The code goes on with zeros.
      this.windowEnd = 0;
      if (++this.past > SLACK) throw new RippleError('InvalidArgument', 'the diff ends too early; fetch it again');
      return 0;
    }
    this.windowEnd = Math.min(left, window.length);
    source.readAt(window.subarray(0, this.windowEnd), this.windowStart);
    this.position = 1;
    return window[0] ?? 0;
  }
}

/** Counts what a code would cost, in 1/4096 bit, without making it. */
export class CostCounter implements BitCoder {
  readonly encoding = true;
  cost = 0;

  code(probability: number, bit: number): number {
    this.cost += -Math.log2((bit !== 0 ? probability : 65536 - probability) / 65536);
    return bit;
  }
}
