import type { Segment } from './elf.ts';

/** A part of the old file that moves as one: it lies in one piece and in one segment, there as in the new file. */
export class Span {
  private low = 0;
  private high = 0;
  private shift = 0;
  private addressMinusOffset = 0;

  /** Segments are others now. */
  forget(): void {
    this.high = 0;
    this.low = 0;
  }

  holds(from: number, to: number): boolean {
    return from >= this.low && from < this.high && to - from === this.shift;
  }

  holdsOld(offset: number): boolean {
    return offset >= this.low && offset < this.high;
  }

  oldAddress(offset: number): number {
    return offset + this.addressMinusOffset;
  }

  /** The span around old offset `from`, which went to `to` with all of the piece from `start` to `end`; false where there is none. */
  find(
    from: number,
    to: number,
    start: number,
    end: number,
    oldSegments: readonly Segment[],
    newSegments: readonly Segment[],
  ): boolean {
    this.forget();
    // Of segments that overlap, which one is meant depends on how it is asked for.
    if (!inOrder(oldSegments) || !inOrder(newSegments)) return false;
    const before = oldSegments.find((s) => from >= s.offset && from < s.offset + s.fileSize);
    const after = before && newSegments[before.index];
    if (!before || !after || to < after.offset || to >= after.offset + after.fileSize) return false;
    this.shift = to - from;
    this.low = Math.max(start, before.offset, after.offset - this.shift);
    this.high = Math.min(end, before.offset + before.fileSize, after.offset + after.fileSize - this.shift);
    this.addressMinusOffset = before.address - before.offset;
    return true;
  }
}

/** One after the other, in the file and in memory. */
function inOrder(segments: readonly Segment[]): boolean {
  return segments.every((s, i) => {
    const before = segments[i - 1];
    if (s.fileSize > s.memorySize) return false;
    return !before || (s.offset >= before.offset + before.fileSize && s.address >= before.address + before.memorySize);
  });
}
