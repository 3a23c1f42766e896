/** The last bytes of the new file and what was learned from, and where in them the bytes that come next stood before. */
const MAX_WINDOW_BITS = 22;
const MAX_MATCH_BITS = 18;
const MIN_BITS = 12;
const MIN_MATCH = 5;
const MAX_CHECKED = 32;
const MAX_LENGTH = 400;
/** A match so near to being overwritten is none. */
const MARGIN = 512;
const POSITIONS = 0x3fffffff;
const HASH = 0x2c9277b5;

/** Bits of a table for `room` entries. */
export function tableBits(room: number, most: number): number {
  return Math.max(MIN_BITS, Math.min(most, Math.ceil(Math.log2(Math.max(1, room)))));
}

export class LiteralWindow {
  /** A ring; empty where nothing will ever be coded. */
  readonly bytes: Uint8Array;
  readonly mask: number;
  /** Of the next byte; taken with `mask` it is its place. */
  position = 0;
  /** What stands at `match` has agreed with the last `matchLength` bytes. */
  match = 0;
  matchLength = 0;
  private readonly shift: number;
  private readonly heads: Int32Array;

  /** So many bytes will be coded or learned, and so many seen besides, at most. */
  constructor(bytes: number, seenBytes: number) {
    this.bytes = new Uint8Array(bytes === 0 ? 0 : 1 << tableBits(2 * (bytes + seenBytes), MAX_WINDOW_BITS));
    this.mask = Math.max(0, this.bytes.length - 1);
    const matchBits = tableBits(2 * (bytes + seenBytes), MAX_MATCH_BITS);
    this.shift = 32 - matchBits;
    this.heads = new Int32Array(bytes === 0 ? 0 : 1 << matchBits);
  }

  /** The byte `back` places before the next one. */
  before(back: number): number {
    return this.bytes[(this.position - back) & this.mask] ?? 0;
  }

  /** Bytes that were copied rather than coded. */
  see(bytes: Uint8Array): void {
    const { length } = this.bytes;
    if (length === 0) return;
    const from = bytes.length > length ? bytes.subarray(bytes.length - length) : bytes;
    const at = (this.position + bytes.length - from.length) & this.mask;
    const first = Math.min(from.length, length - at);
    this.bytes.set(from.subarray(0, first), at);
    if (first < from.length) this.bytes.set(from.subarray(first), 0);
    this.position = (this.position + bytes.length) & POSITIONS;
    this.matchLength = 0;
  }

  /** The next byte, where it will be found again; no match is looked for. */
  note(byte: number): void {
    this.bytes[this.position & this.mask] = byte;
    this.position = (this.position + 1) & POSITIONS;
    this.heads[this.hash()] = this.position;
  }

  /** The next byte; the match goes on, or another is looked for. */
  append(byte: number): void {
    const { bytes, mask, heads } = this;
    bytes[this.position & mask] = byte;
    this.position = (this.position + 1) & POSITIONS;
    if (this.matchLength > 0) {
      if (bytes[this.match & mask] === byte) {
        this.match++;
        if (this.matchLength < MAX_LENGTH) this.matchLength++;
      } else {
        this.matchLength = 0;
      }
    }
    const hash = this.hash();
    if (this.matchLength === 0) this.find(heads[hash] ?? 0);
    heads[hash] = this.position;
  }

  private find(candidate: number): void {
    const { bytes, mask, position } = this;
    if (candidate === 0 || position - candidate >= bytes.length - MARGIN) return;
    let length = 0;
    while (length < MAX_CHECKED && bytes[(candidate - 1 - length) & mask] === bytes[(position - 1 - length) & mask])
      length++;
    if (length < MIN_MATCH) return;
    this.match = candidate;
    this.matchLength = length;
  }

  private hash(): number {
    const { bytes, mask, position } = this;
    let hash = 0;
    for (let k = 1; k <= MIN_MATCH; k++) hash = Math.imul(hash + (bytes[(position - k) & mask] ?? 0) + 1, HASH);
    return hash >>> this.shift;
  }
}
