// Fields of AArch64 instructions that hold places (Arm Architecture Reference Manual, "A64 base instructions").
import { KIND, type Kind } from './references.ts';

/** Scale of the unsigned offset of a load or store, as a shift. */
function loadScale(word: number): number {
  const size = word >>> 30;
  // 128-bit SIMD registers: size 0 with the high bit of opc.
  return (word & 0x04800000) === 0x04800000 && size === 0 ? 4 : size;
}

function isLoad(word: number): boolean {
  return (word & 0x3b000000) === 0x39000000;
}

/** The target that a word at `address` names; `aux` where the word alone doesn't tell it. */
export function arm64Target(kind: number, word: number, address: number, aux: number): number {
  switch (kind) {
    case KIND.a64Branch26:
      return address + ((word << 6) >> 6) * 4;
    case KIND.a64Branch19:
      return address + ((word << 8) >> 13) * 4;
    case KIND.a64Branch14:
      return address + ((word << 13) >> 18) * 4;
    case KIND.a64Address21:
      return address + (((word << 8) >> 13) * 4 + ((word >>> 29) & 3));
    default:
      return aux;
  }
}

/** `word` made to name `target` from `address`. */
export function withArm64Target(kind: number, word: number, target: number, address: number): number {
  const distance = target - address;
  switch (kind) {
    case KIND.a64Branch26:
      return (word & ~0x3ffffff) | ((distance / 4) & 0x3ffffff);
    case KIND.a64Branch19:
      return (word & ~0xffffe0) | (((distance / 4) & 0x7ffff) << 5);
    case KIND.a64Branch14:
      return (word & ~0x7ffe0) | (((distance / 4) & 0x3fff) << 5);
    case KIND.a64Address21:
      return split21(word, distance);
    case KIND.a64Page21:
      return split21(word, Math.floor(target / 4096) - Math.floor(address / 4096));
    case KIND.a64Low12:
      return (word & ~0x3ffc00) | (((target & 0xfff) >>> (isLoad(word) ? loadScale(word) : 0)) << 10);
    default:
      return word;
  }
}

function split21(word: number, value: number): number {
  return (word & ~0x60ffffe0) | ((value & 3) << 29) | (((value >> 2) & 0x7ffff) << 5);
}

/** How far `actual` is from `predicted` in bytes of target, or undefined when they are not the same instruction or can't tell. */
export function arm64TargetDelta(kind: number, predicted: number, actual: number): number | undefined {
  if (kind === KIND.a64Page21) return undefined;
  if (kind === KIND.a64Low12) {
    if ((predicted & ~0x3ffc00) !== (actual & ~0x3ffc00)) return undefined;
    const shift = isLoad(actual) ? loadScale(actual) : 0;
    return (((actual >>> 10) & 0xfff) - ((predicted >>> 10) & 0xfff)) * 2 ** shift;
  }
  if (withArm64Target(kind, predicted, 0, 0) !== withArm64Target(kind, actual, 0, 0)) return undefined;
  return arm64Target(kind, actual, 0, 0) - arm64Target(kind, predicted, 0, 0);
}

/** Which kind of reference `word` is by itself, or undefined. */
export function wordKind(word: number): Kind | undefined {
  if ((word & 0x7c000000) === 0x14000000) return KIND.a64Branch26;
  if ((word & 0xff000010) === 0x54000000) return KIND.a64Branch19;
  if ((word & 0x7e000000) === 0x34000000) return KIND.a64Branch19;
  // Loads of a literal near by.
  if ((word & 0x3b000000) === 0x18000000) return KIND.a64Branch19;
  if ((word & 0x7e000000) === 0x36000000) return KIND.a64Branch14;
  if ((word & 0x9f000000) === 0x10000000) return KIND.a64Address21;
  return undefined;
}

export function isAdrp(word: number): boolean {
  return ((word & 0x9f000000) | 0) === (0x90000000 | 0);
}

export function adrpPage(word: number, address: number): number {
  return (Math.floor(address / 4096) + (((word << 8) >> 13) * 4 + ((word >>> 29) & 3))) * 4096;
}

/** The low 12 bits that an `add` or a load or store adds to `register`, in bytes; undefined for any other word. */
export function lowTwelve(word: number, register: number): number | undefined {
  if (((word >>> 5) & 31) !== register) return undefined;
  if ((word & 0x7fc00000) === 0x11000000) return (word >>> 10) & 0xfff;
  if (isLoad(word)) return ((word >>> 10) & 0xfff) << loadScale(word);
  return undefined;
}

/** Whether `word` may write `register` as its destination (or ends a stretch of code that can be followed). */
export function mayReplace(word: number, register: number): boolean {
  return (word & 31) === register && !(isLoad(word) && (word & 0x00400000) === 0);
}
