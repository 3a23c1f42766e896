import { armTarget, isArmBranch, thumbKind } from './arm-words.ts';
import { i32, u32 } from './bytes.ts';
import { type Elf, imageRange, type Section } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';

/** Whether a stretch of code is A32 or T32 is decided anew for so many words. */
const WINDOW = 16;
/** A32 instructions are nearly all unconditional, which is a first digit of E. */
const A32_WORDS = 10;
/** Literals stand within 4 KiB after the load. */
const POOL = 2048;
/** Bytes of code after the load of a literal in which it is made an address. */
const REACH = 128;

/** Words of A32 or T32 code that the code itself loads: distances to data, which begin to count where they are added. */
class Literals {
  private readonly places = new Int32Array(POOL).fill(-1);
  private readonly bases = new Float64Array(POOL);
  private readonly loaded = new Int32Array(16).fill(-1);
  private readonly loadedAt = new Int32Array(16);

  load(register: number, place: number, at: number): void {
    this.loaded[register] = place;
    this.loadedAt[register] = at;
    const slot = (place >> 2) & (POOL - 1);
    if (this.places[slot] === place) return;
    this.places[slot] = place;
    this.bases[slot] = 0;
  }

  /** The instruction at `at` adds `base` to `register`. */
  add(register: number, base: number, at: number): void {
    const place = this.loaded[register] ?? -1;
    if (place < 0 || at - (this.loadedAt[register] ?? 0) > REACH) return;
    const slot = (place >> 2) & (POOL - 1);
    if (this.places[slot] === place) this.bases[slot] = base;
  }

  /** What the literal at `at` counts from; 0: not known; undefined: there is none. */
  base(at: number): number | undefined {
    const slot = (at >> 2) & (POOL - 1);
    return this.places[slot] === at ? this.bases[slot] : undefined;
  }
}

/** Branches, literals that are distances, and linkage stubs, in code that may change between A32 and T32. */
export function findArm(b: Uint8Array, elf: Elf, section: Section, list: ReferenceList): void {
  const end = section.offset + section.fileSize;
  const delta = section.address - section.offset;
  const [low, high] = imageRange(elf);
  const got = elf.sections.find((s) => s.name === '.got');
  const literals = new Literals();
  let windowEnd = 0;
  let wide = true;
  for (let at = (section.offset + 1) & ~1; at + 2 <= end; ) {
    if (at >= windowEnd) {
      windowEnd = (at & ~(4 * WINDOW - 1)) + 4 * WINDOW;
      wide = isA32(b, windowEnd - 4 * WINDOW);
      if (wide) at = (at + 3) & ~3;
    }
    const base = at % 4 === 0 ? literals.base(at) : undefined;
    if (base !== undefined) {
      literal(b, at, base, got, list);
      at += 4;
      continue;
    }
    const word = i32(b, at);
    if (wide) {
      at += armInstruction(b, at, end, word, delta, low, high, literals, list);
      continue;
    }
    const long = (word & 0xe000) === 0xe000 && (word & 0x1800) !== 0;
    if (!long || literals.base(at + 2) !== undefined) {
      thumbHalf(word, at, delta, literals);
      at += 2;
      continue;
    }
    const kind = at + 4 <= end ? thumbKind(word) : undefined;
    if (kind !== undefined) {
      const target = armTarget(kind, word, at + delta, 0);
      if (target >= low && target < high) list.add(at, kind);
    } else if ((word & 0xffff) === 0xf8df) {
      literals.load(word >>> 28, ((at + 4) & ~3) + ((word >>> 16) & 0xfff), at);
    }
    at += 4;
  }
}

function isA32(b: Uint8Array, start: number): boolean {
  let words = 0;
  for (let i = 0; i < WINDOW; i++) if ((b[start + 4 * i + 3] ?? 0) >>> 4 === 14) words++;
  return words >= A32_WORDS;
}

function literal(b: Uint8Array, at: number, base: number, got: Section | undefined, list: ReferenceList): void {
  if (base > 0) {
    list.add(at, KIND.relative, base);
    return;
  }
  const value = u32(b, at);
  if (got && value > 0 && value < got.size && value % 4 === 0) list.add(at, KIND.relative, got.address);
}

function thumbHalf(word: number, at: number, delta: number, literals: Literals): void {
  if ((word & 0xf800) === 0x4800) literals.load((word >>> 8) & 7, ((at + 4) & ~3) + (word & 0xff) * 4, at);
  else if ((word & 0xff78) === 0x4478) literals.add((word & 7) | ((word >>> 4) & 8), at + delta + 4, at);
}

function armInstruction(
  b: Uint8Array,
  at: number,
  end: number,
  word: number,
  delta: number,
  low: number,
  high: number,
  literals: Literals,
  list: ReferenceList,
): number {
  if (isArmBranch(word)) {
    const target = armTarget(KIND.armBranch24, word, at + delta, 0);
    if (target >= low && target < high) list.add(at, KIND.armBranch24);
  } else if ((word & 0x0fff0000) === 0x059f0000) {
    literals.load((word >>> 12) & 15, at + 8 + (word & 0xfff), at);
  } else if ((word & 0x0fff0ff0) === 0x008f0000 || (word & 0x0fff0ff0) === 0x079f0000) {
    literals.add(word & 15, at + delta + 8, at);
  } else if (word >>> 8 === 0xe28fc6 && at + 12 <= end) {
    const slot = stubTarget(b, at, at + delta);
    if (slot === undefined) return 4;
    list.add(at, KIND.armStubHigh, slot);
    list.add(at + 4, KIND.armStubMiddle, slot);
    list.add(at + 8, KIND.armStubLow, slot);
    return 12;
  }
  return 4;
}

/** The table slot that the linkage stub at `at` goes through: `add ip, pc, #…; add ip, ip, #…; ldr pc, [ip, #…]!`. */
export function stubTarget(b: Uint8Array, at: number, address: number): number | undefined {
  const [first, second, third] = [u32(b, at), u32(b, at + 4), u32(b, at + 8)];
  if (first >>> 8 !== 0xe28fc6 || second >>> 8 !== 0xe28cca || third >>> 12 !== 0xe5bcf) return undefined;
  return address + 8 + (first & 0xff) * 0x100000 + (second & 0xff) * 0x1000 + (third & 0xfff);
}

/** `.ARM.exidx`: pairs of a function's place and how it is unwound, which may be a place in `.ARM.extab`. */
export function findInExceptionIndex(b: Uint8Array, s: Section, list: ReferenceList): void {
  for (let at = s.offset; at + 8 <= s.offset + s.fileSize; at += 8) {
    list.add(at, KIND.armPrel31);
    const second = u32(b, at + 4);
    if (second !== 1 && second < 0x80000000) list.add(at + 4, KIND.armPrel31);
  }
}

/** `.ARM.extab`: each entry begins with the place of a routine, unless that is one of the few that have numbers. */
export function findInExceptionTable(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const index = elf.sections.find((each) => each.type === ARM_EXIDX);
  if (!index) return;
  const places: number[] = [];
  for (let at = index.offset; at + 8 <= index.offset + index.fileSize; at += 8) {
    const second = u32(b, at + 4);
    if (second === 1 || second >= 0x80000000) continue;
    const place = armTarget(KIND.armPrel31, second, index.address + at + 4 - index.offset, 0) - s.address + s.offset;
    if (place >= s.offset && place + 4 <= s.offset + s.fileSize && u32(b, place) < 0x80000000) places.push(place);
  }
  for (const place of places.sort((one, other) => one - other)) list.add(place, KIND.armPrel31);
}

export const ARM_EXIDX = 0x70000001;
