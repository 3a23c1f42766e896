import type { Blocks } from '../blocks.ts';
import type { Elf, Segment } from './elf.ts';
import { flatten, PAGE_BITS, pageIndex } from './pieces.ts';
import { Span } from './span.ts';

/** How much a mapped place can be relied on; the context in which a prediction's failure is coded. */
export const TRUST = { inside: 0, edge: 1, gap: 2, memory: 3, learned: 4, outside: 5 } as const;
export const TRUST_COUNT = 6;

const EDGE = 8;
const LONG = 1024;
/** Addresses that are remembered one by one: some 10 MB at most. */
const MAX_PINS = 1 << 18;
const FILTER_BITS = 20;

/** Where each place of the old file went in the new one, from the copied blocks alone. Deterministic: both sides build it. */
export class AddressMap {
  /** Trust of the last answer. */
  trust = 0;
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  private readonly shifts: Float64Array;
  private readonly count: number;
  /** For each page of the old file, how many pieces begin before it. */
  private readonly pages: Uint32Array;
  private last = 0;
  private lastSegment = 0;
  private readonly apart: boolean;
  private readonly span = new Span();
  private readonly newSize: number;
  private readonly oldSegments: readonly Segment[];
  private newSegments: readonly Segment[];
  private readonly pins = new Map<number, number>();
  /** A bit for each pin, by a hash: most addresses have none, and looking that up in the map takes long. */
  private readonly pinned = new Uint8Array(1 << (FILTER_BITS - 3));

  constructor(blocks: Blocks, newSize: number, elf: Elf | undefined) {
    const pieces = elf ? flatten(blocks) : [];
    this.count = pieces.length;
    this.starts = Float64Array.from(pieces, (p) => p.start);
    this.ends = Float64Array.from(pieces, (p) => p.end);
    this.shifts = Float64Array.from(pieces, (p) => p.shift);
    this.pages = pageIndex(pieces);
    this.newSize = newSize;
    this.oldSegments = elf?.segments ?? [];
    const byOffset = [...this.oldSegments].sort((a, b) => a.offset - b.offset);
    this.apart = byOffset.every((s, i) => i === 0 || s.offset >= fileEnd(byOffset[i - 1] ?? s));
    const second = this.oldSegments.findIndex((s, i) => i > 0 && s.index === 0);
    const own = second < 0 ? this.oldSegments : this.oldSegments.slice(0, second);
    this.newSegments = own.map((s) => {
      const offset = this.offset(s.offset);
      const fileSize = Math.max(this.end(s.offset + s.fileSize) - offset, 0);
      return {
        offset,
        address: s.address + offset - s.offset,
        fileSize,
        memorySize: s.memorySize - s.fileSize + fileSize,
        index: s.index,
      };
    });
  }

  /** Segments as the new file itself states them, once its headers are known. */
  setSegments(segments: readonly Segment[]): void {
    if (segments.length !== this.newSegments.length) return;
    this.newSegments = segments;
    this.span.forget();
  }

  /** New file offset of the old `offset`. */
  offset(offset: number): number {
    const i = this.find(offset);
    if (i < 0) {
      this.trust = TRUST.gap;
      return Math.min(offset, this.newSize);
    }
    const start = this.starts[i] ?? 0;
    const end = this.ends[i] ?? 0;
    let shift = this.shifts[i] ?? 0;
    if (offset < end) {
      this.trust = offset - start < EDGE || end - offset <= EDGE ? TRUST.edge : TRUST.inside;
    } else {
      this.trust = TRUST.gap;
      // Between two pieces: with the nearer, but a scrap of a few bytes says less than a long piece further off.
      const before = Math.min(end - start, LONG);
      const after = Math.min((this.ends[i + 1] ?? 0) - (this.starts[i + 1] ?? 0), LONG);
      if (i + 1 < this.count && ((this.starts[i + 1] ?? 0) - offset) * before < (offset - end + 1) * after)
        shift = this.shifts[i + 1] ?? 0;
    }
    return offset + shift;
  }

  /** As `offset`, for a place just past the end of something. */
  end(offset: number): number {
    return offset > 0 ? this.offset(offset - 1) + 1 : 0;
  }

  /**
   * Whether what stands at old offset `from` and new offset `to` and names the place `distance` further on surely names that place's new
   * address with the same distance: both lie in one piece and one segment, and nothing is known of the target beyond that.
   */
  keepsDistance(from: number, to: number, distance: number): boolean {
    const { span } = this;
    if (!span.holds(from, to)) {
      const i = this.find(from);
      const inPiece = i >= 0 && from < (this.ends[i] ?? 0) && this.shifts[i] === to - from;
      if (!inPiece || !span.find(from, to, this.starts[i] ?? 0, this.ends[i] ?? 0, this.oldSegments, this.newSegments))
        return false;
    }
    const target = from + distance;
    return span.holdsOld(target) && !this.mayBePinned(span.oldAddress(target));
  }

  private find(offset: number): number {
    const { starts, count } = this;
    // References come in clusters: the last answer is often this one.
    const near = this.last;
    if ((starts[near] ?? 0) <= offset && (near + 1 >= count || (starts[near + 1] ?? 0) > offset) && count > 0)
      return near;
    if (count === 0 || offset < (starts[0] ?? 0)) return -1;
    if (offset > 0xffffffff) return count - 1;
    const page = offset >>> PAGE_BITS;
    let low = this.pages[page] ?? count;
    let high = this.pages[page + 1] ?? count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    if (low > 0) this.last = low - 1;
    return low - 1;
  }

  /** From now on the old address `from` is `to`, whatever the blocks say. */
  pin(from: number, to: number): void {
    if (this.pins.size >= MAX_PINS) return;
    this.pins.set(from, to);
    const bit = filterBit(from);
    this.pinned[bit >>> 3] = (this.pinned[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  private mayBePinned(address: number): boolean {
    const bit = filterBit(address);
    return ((this.pinned[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  /** New address of the old `address`; unchanged when it lies in no segment. */
  address(address: number): number {
    if (this.mayBePinned(address)) {
      const pinned = this.pins.get(address);
      if (pinned !== undefined) {
        this.trust = TRUST.learned;
        return pinned;
      }
    }
    const { oldSegments } = this;
    for (let i = 0; i < oldSegments.length; i++) {
      const s = oldSegments[i];
      if (!s || address < s.address || address > s.address + s.memorySize) continue;
      const inFile = address - s.address;
      if (inFile < s.fileSize) return this.newAddress(this.offset(s.offset + inFile), s.index);
      const t = this.newSegments[s.index];
      const next = oldSegments[i + 1];
      if (!t || (next && address >= next.address)) continue;
      this.trust = TRUST.memory;
      return address - s.address - s.fileSize + t.address + t.fileSize;
    }
    this.trust = TRUST.outside;
    return address;
  }

  /** Address of a new file offset; `hint`: the segment it should lie in when none holds it. */
  newAddress(offset: number, hint = -1): number {
    const { newSegments } = this;
    const expected = newSegments[hint];
    if (expected && offset >= expected.offset && offset < expected.offset + expected.fileSize)
      return offset - expected.offset + expected.address;
    for (let i = 0; i < newSegments.length; i++) {
      const s = newSegments[i];
      if (s && offset >= s.offset && offset < s.offset + s.fileSize) return offset - s.offset + s.address;
    }
    return expected ? offset - expected.offset + expected.address : offset;
  }

  oldAddress(offset: number): number {
    const { oldSegments } = this;
    const last = oldSegments[this.lastSegment];
    // Of segments that overlap the first has it, whatever was asked before.
    if (last && this.apart && offset >= last.offset && offset < last.offset + last.fileSize)
      return offset - last.offset + last.address;
    for (let i = 0; i < oldSegments.length; i++) {
      const s = oldSegments[i];
      if (!s || offset < s.offset || offset >= s.offset + s.fileSize) continue;
      this.lastSegment = i;
      return offset - s.offset + s.address;
    }
    return offset;
  }
}

function fileEnd(segment: Segment): number {
  return segment.offset + segment.fileSize;
}

function filterBit(address: number): number {
  return Math.imul(address | 0, 0x9e3779b1) >>> (32 - FILTER_BITS);
}
