// Fields of 32-bit Arm instructions that hold places (Arm Architecture Reference Manual, A32 and T32; ELF for the Arm Architecture).
// A T32 instruction is seen as one little-endian word: its first half is the low one.
import { KIND, type Kind } from './references.ts';

/** The target that the word at `address` names; `aux` where the word alone doesn't tell it. */
export function armTarget(kind: number, word: number, address: number, aux: number): number {
  switch (kind) {
    case KIND.armBranch24:
      return address + 8 + ((word << 8) >> 8) * 4 + (isArmBlx(word) ? (word >>> 23) & 2 : 0);
    case KIND.armPrel31:
      return address + ((word << 1) >> 1);
    case KIND.thumbBranch24: {
      const s = (word >>> 10) & 1;
      const i1 = ((word >>> 29) & 1) ^ s ^ 1;
      const i2 = ((word >>> 27) & 1) ^ s ^ 1;
      const high = (-s << 12) | (i1 << 11) | (i2 << 10) | (word & 0x3ff);
      return thumbBase(word, address) + high * 4096 + ((word >>> 16) & 0x7ff) * 2;
    }
    case KIND.thumbBranch20: {
      const high =
        (-((word >>> 10) & 1) << 8) | (((word >>> 27) & 1) << 7) | (((word >>> 29) & 1) << 6) | (word & 0x3f);
      return address + 4 + high * 4096 + ((word >>> 16) & 0x7ff) * 2;
    }
    default:
      return aux;
  }
}

/** `word` made to name `target` from `address`. */
export function withArmTarget(kind: number, word: number, target: number, address: number): number {
  const distance = target - address;
  switch (kind) {
    case KIND.armBranch24: {
      const field = (word & ~0xffffff) | (((distance - 8) >> 2) & 0xffffff);
      return isArmBlx(word) ? (field & ~0x1000000) | ((distance & 2) << 23) : field;
    }
    case KIND.armPrel31:
      return (word & ~0x7fffffff) | (distance & 0x7fffffff);
    case KIND.thumbBranch24: {
      const value = target - thumbBase(word, address);
      const s = (value >> 24) & 1;
      const j1 = ((value >> 23) & 1) ^ s ^ 1;
      const j2 = ((value >> 22) & 1) ^ s ^ 1;
      const keep = word & ~0x2fff07ff;
      return keep | (s << 10) | ((value >> 12) & 0x3ff) | (j1 << 29) | (j2 << 27) | (((value >> 1) & 0x7ff) << 16);
    }
    case KIND.thumbBranch20: {
      const value = distance - 4;
      const keep = word & ~0x2fff043f;
      const j = (((value >> 18) & 1) << 29) | (((value >> 19) & 1) << 27);
      return keep | (((value >> 20) & 1) << 10) | ((value >> 12) & 0x3f) | j | (((value >> 1) & 0x7ff) << 16);
    }
    // A linkage stub's three words add up the distance from eight bytes after the first to the table slot.
    case KIND.armStubHigh:
      return (word & ~0xff) | (((distance - 8) >>> 20) & 0xff);
    case KIND.armStubMiddle:
      return (word & ~0xff) | (((distance - 4) >>> 12) & 0xff);
    case KIND.armStubLow:
      return (word & ~0xfff) | (distance & 0xfff);
    default:
      return word;
  }
}

/** How far `actual` is from `predicted` in bytes of target, or undefined when they are not the same instruction or can't tell. */
export function armTargetDelta(kind: number, predicted: number, actual: number): number | undefined {
  if (kind >= KIND.armStubHigh && kind <= KIND.armStubLow) return undefined;
  if (withArmTarget(kind, predicted, 0, 0) !== withArmTarget(kind, actual, 0, 0)) return undefined;
  return armTarget(kind, actual, 0, 0) - armTarget(kind, predicted, 0, 0);
}

/** `bl`, `b` and `blx` of A32. */
export function isArmBranch(word: number): boolean {
  return (word & 0x0e000000) === 0x0a000000;
}

/** The kind of the T32 branch that `word` is, if it is one. */
export function thumbKind(word: number): Kind | undefined {
  if ((word & 0xf800) !== 0xf000) return undefined;
  switch ((word >>> 28) & 0xd) {
    case 0xd:
      return KIND.thumbBranch24;
    case 0xc:
      return (word & 0x10000) === 0 ? KIND.thumbBranch24 : undefined;
    case 0x9:
      return KIND.thumbBranch24;
    case 0x8:
      return (word & 0x380) === 0x380 ? undefined : KIND.thumbBranch20;
    default:
      return undefined;
  }
}

function isArmBlx(word: number): boolean {
  return word >>> 28 === 15;
}

/** `blx` goes to A32 code and counts from a whole word. */
function thumbBase(word: number, address: number): number {
  const base = address + 4;
  return (word & 0x50000000) === 0x40000000 ? base - (base % 4) : base;
}
