import type { Elf, Section, Segment } from './elf.ts';
import { type Analysed, findReferences } from './find-references.ts';
import { KIND, type References } from './references.ts';

/** Between the addresses of one file and the next; also what they are rounded up to. */
const ROOM = 1 << 24;
/** Addresses in `aux` are 32 bits. */
const MOST = 2 ** 32 - ROOM;

/** How far everything of one file is moved. */
interface Shift {
  readonly offset: number;
  readonly address: number;
}

/**
 * As `findReferences`, in files that are laid one after another, each up to one of `ends`: as if they were one, in which each has
 * addresses of its own. Programs of another kind than the first are plain bytes.
 */
export function findInJoined(b: Uint8Array, ends: readonly number[]): Analysed {
  if (ends.length <= 1) return findReferences(b);
  let joined: Elf | undefined;
  const parts: { readonly references: References; readonly shift: Shift }[] = [];
  let nextAddress = 0;
  for (const [i, end] of ends.entries()) {
    const offset = ends[i - 1] ?? 0;
    const { elf, references } = findReferences(b.subarray(offset, end));
    if (!elf || (joined && !isAlike(elf, joined))) continue;
    const shift = { offset, address: nextAddress };
    const segments = elf.segments.map((s) => movedSegment(s, shift));
    const top = segments.reduce((most, s) => Math.max(most, s.address + s.memorySize), nextAddress);
    if (top > MOST) continue;
    nextAddress = Math.ceil((top + ROOM) / ROOM) * ROOM;
    const sections = elf.sections.map((s) => movedSection(s, shift));
    joined = joined
      ? { ...joined, segments: [...joined.segments, ...segments], further: [...joined.further, ...sections] }
      : { ...elf, segments, sections };
    parts.push({ references, shift });
  }
  return { elf: joined, references: movedReferences(parts) };
}

function isAlike(a: Elf, b: Elf): boolean {
  return a.machine === b.machine && a.wide === b.wide && a.relocatable === b.relocatable;
}

function movedSegment(s: Segment, shift: Shift): Segment {
  return { ...s, offset: s.offset + shift.offset, address: s.address + shift.address };
}

function movedSection(s: Section, shift: Shift): Section {
  return { ...s, offset: s.offset + shift.offset, address: s.address + shift.address };
}

function movedReferences(parts: readonly { readonly references: References; readonly shift: Shift }[]): References {
  const count = parts.reduce((sum, { references }) => sum + references.count, 0);
  const all = { count, positions: new Uint32Array(count), kinds: new Uint8Array(count), aux: new Uint32Array(count) };
  let to = 0;
  for (const { references, shift } of parts) {
    for (let i = 0; i < references.count; i++, to++) {
      const kind = references.kinds[i] ?? 0;
      all.positions[to] = (references.positions[i] ?? 0) + shift.offset;
      all.kinds[to] = kind;
      all.aux[to] = (references.aux[i] ?? 0) + auxShift(kind, shift);
    }
  }
  return all;
}

function auxShift(kind: number, { offset, address }: Shift): number {
  switch (kind) {
    case KIND.absolute:
    case KIND.relative:
    case KIND.a64Page21:
    case KIND.a64Low12:
    case KIND.armStubHigh:
    case KIND.armStubMiddle:
    case KIND.armStubLow:
      return address;
    case KIND.offset:
    case KIND.length:
    case KIND.within:
    case KIND.symbol:
    case KIND.symbolAbove:
    case KIND.symbolNarrow:
    case KIND.buildIdText:
      return offset;
    default:
      return 0;
  }
}
