import { u16, u32 } from './bytes.ts';
import type { Section } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';

const MAGIC = 0xeb9f;

/** Kinds whose third word is a type rather than a size: pointer, typedef, volatile, const, restrict, function, prototype, variable, tags. */
const NAMES_TYPE = new Set([2, 8, 9, 10, 11, 12, 13, 14, 17, 18]);

/** What follows a type for each of its members: bytes, and where in them a name and a type stand (-1: nowhere). */
const MEMBERS: Readonly<Record<number, readonly [size: number, name: number, type: number]>> = {
  4: [12, 0, 4],
  5: [12, 0, 4],
  6: [8, 0, -1],
  13: [8, 0, 4],
  15: [12, -1, 0],
  19: [12, 0, -1],
};
/** Bytes that follow other kinds: integer, array, variable, declaration tag. */
const TAIL: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };

/**
 * Numbers of types and of names in a kernel module's type information (kernel.org, "BPF Type Format"). Most count on from those of
 * the kernel itself, so one more type there changes them all, in each module alike.
 */
export function findInBtf(b: Uint8Array, s: Section, list: ReferenceList): void {
  if (u16(b, s.offset) !== MAGIC) return;
  const start = s.offset + u32(b, s.offset + 4) + u32(b, s.offset + 8);
  const end = Math.min(start + u32(b, s.offset + 12), s.offset + s.fileSize);
  const type = (at: number): void => {
    if (u32(b, at) !== 0) list.add(at, KIND.typeNumber);
  };
  const name = (at: number): void => {
    if (u32(b, at) !== 0) list.add(at, KIND.nameNumber);
  };
  for (let at = start; at + 12 <= end; ) {
    const info = u32(b, at + 4);
    const kind = (info >>> 24) & 31;
    name(at);
    if (NAMES_TYPE.has(kind)) type(at + 8);
    at += 12;
    const member = MEMBERS[kind];
    if (member) {
      const [size, nameAt, typeAt] = member;
      for (let left = info & 0xffff; left > 0 && at + size <= end; left--, at += size) {
        if (nameAt >= 0) name(at + nameAt);
        if (typeAt >= 0) type(at + typeAt);
      }
    } else {
      if (kind === 3 && at + 12 <= end) {
        type(at);
        type(at + 4);
      }
      at += TAIL[kind] ?? 0;
    }
  }
}
