import { i32 } from './bytes.ts';
import { type Elf, type Section, SHF, SHT } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';
import { decodeInstruction, newInstruction } from './x86-instructions.ts';

/**
 * Walks code from its start to its end and notes every field that holds a distance or address. Bytes that are no instruction
 * are stepped over one at a time: compiled code falls back in step within a few. Answers the data addresses that `lea` makes, where jump tables may begin.
 */
export function findX86(b: Uint8Array, elf: Elf, section: Section, list: ReferenceList, tables: Set<number>): void {
  const wide = elf.machine === 'x86-64';
  const { offset, address } = section;
  const end = offset + section.fileSize;
  const delta = address - offset;
  const low = elf.segments.reduce((least, s) => Math.min(least, s.address), Number.MAX_SAFE_INTEGER);
  const high = elf.segments.reduce((most, s) => Math.max(most, s.address + s.memorySize), 0);
  const got = wide ? 0 : globalOffsetTable(elf);
  const found = newInstruction();
  for (let at = offset; at < end; at += Math.max(found.length, 1)) {
    decodeInstruction(b, at, end, wide, found);
    if (found.length === 0) continue;
    if (found.relative >= 0) {
      const field = at + found.relative;
      const target = at + found.length + i32(b, field) + delta;
      if (target < low || target > high) continue;
      list.add(field, KIND.pcRelative, found.length - found.relative);
      if (found.lea) tables.add(target);
      continue;
    }
    for (const place of [found.plain, found.plain2]) {
      if (place < 0) continue;
      const value = i32(b, at + place);
      if (inImage(value >>> 0, low, high)) list.add(at + place, KIND.absolute);
      else if (got > 0 && Math.abs(value) >= LEAST_DISTANCE && got + value >= low && got + value < high)
        list.add(at + place, KIND.relative, got);
    }
  }
}

/** Shorter distances from the table are entries of it, or fields of structures. */
const LEAST_DISTANCE = 0x400;

/** What 32-bit position-independent code counts its data from. */
function globalOffsetTable(elf: Elf): number {
  const section = elf.sections.find((s) => s.name === '.got.plt') ?? elf.sections.find((s) => s.name === '.got');
  return section?.address ?? 0;
}

/** Below this an address in a plain immediate is far more often a number. */
const LEAST_ABSOLUTE = 0x10000;

function inImage(value: number, low: number, high: number): boolean {
  return value >= LEAST_ABSOLUTE && value >= low && value < high && low >= LEAST_ABSOLUTE;
}

const MAX_TABLE = 4096;

/** Tables of 32-bit distances from the table's own start into code, as compilers make for `switch`. */
export function findJumpTables(
  b: Uint8Array,
  elf: Elf,
  section: Section,
  tables: Set<number>,
  list: ReferenceList,
): void {
  const code = elf.sections.filter((s) => s.flags & SHF.exec && s.type === SHT.progbits);
  const low = code.reduce((least, s) => Math.min(least, s.address), Number.MAX_SAFE_INTEGER);
  const high = code.reduce((most, s) => Math.max(most, s.address + s.fileSize), 0);
  const end = section.address + section.fileSize;
  const starts = [...tables].filter((t) => t % 4 === 0 && t >= section.address && t < end).sort((a, c) => a - c);
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] ?? 0;
    const limit = Math.min(starts[i + 1] ?? end, start + 4 * MAX_TABLE);
    let count = 0;
    while (start + 4 * count + 4 <= limit) {
      const target = start + i32(b, start + 4 * count - section.address + section.offset);
      if (target < low || target >= high) break;
      count++;
    }
    if (count < 2) continue;
    for (let k = 0; k < count; k++) list.add(start + 4 * k - section.address + section.offset, KIND.relative, start);
  }
}
