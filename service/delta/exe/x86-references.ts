import { i32 } from './bytes.ts';
import { type Elf, imageRange, type Section, SHF, SHT } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';
import { decodeInstruction, isLea, lengthOf, plainOf, relativeOf, secondPlainOf } from './x86-instructions.ts';

/**
 * Walks code from its start to its end and notes every field that holds a distance or address. Bytes that are no instruction
 * are stepped over one at a time: compiled code falls back in step within a few. `tables` gets the data addresses that `lea` makes.
 */
export function findX86(b: Uint8Array, elf: Elf, section: Section, list: ReferenceList, tables: TableStarts): void {
  const wide = elf.machine === 'x86-64';
  const { offset, address } = section;
  const end = offset + section.fileSize;
  const delta = address - offset;
  const [low, high] = imageRange(elf);
  const got = wide ? 0 : globalOffsetTable(elf);
  const anyPlain = got > 0 || low >= LEAST_ABSOLUTE;
  const addPlain = (field: number): void => {
    const value = i32(b, field);
    if (inImage(value >>> 0, low, high)) list.add(field, KIND.absolute);
    else if (got > 0 && Math.abs(value) >= LEAST_DISTANCE && got + value >= low && got + value < high)
      list.add(field, KIND.relative, got);
  };
  for (let at = offset; at < end; ) {
    const found = decodeInstruction(b, at, end, wide);
    const length = lengthOf(found);
    if (length === 0) {
      at++;
      continue;
    }
    const relative = relativeOf(found);
    if (relative > 0) {
      const field = at + relative;
      const target = at + length + i32(b, field) + delta;
      if (target >= low && target <= high) {
        list.add(field, KIND.pcRelative, length - relative);
        if (isLea(found)) tables.add(target);
      }
    } else if (anyPlain) {
      const plain = plainOf(found);
      if (plain > 0) addPlain(at + plain);
      const second = secondPlainOf(found);
      if (second > 0) addPlain(at + second);
    }
    at += length;
  }
}

/** Shorter distances from the table are entries of it, or fields of structures. */
const LEAST_DISTANCE = 0x400;

/** What 32-bit position-independent code counts its data from. */
export function globalOffsetTable(elf: Elf): number {
  const section = elf.sections.find((s) => s.name === '.got.plt') ?? elf.sections.find((s) => s.name === '.got');
  return section?.address ?? 0;
}

/** Below this an address in a plain immediate is far more often a number. */
const LEAST_ABSOLUTE = 0x10000;

function inImage(value: number, low: number, high: number): boolean {
  return value >= LEAST_ABSOLUTE && value >= low && value < high && low >= LEAST_ABSOLUTE;
}

const MAX_TABLE = 4096;
/** Held in memory, 8 bytes each. */
const MAX_STARTS = 1 << 20;

/** Data addresses that code makes: jump tables may begin there. */
export class TableStarts {
  private starts = new Float64Array(1024);
  private count = 0;

  add(address: number): void {
    if (address % 4 !== 0 || this.count === MAX_STARTS) return;
    if (this.count === this.starts.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.starts);
      this.starts = grown;
    }
    this.starts[this.count++] = address;
  }

  /** Those from `low` up to `high`, each once, ascending. */
  between(low: number, high: number): Float64Array {
    const found = this.starts.subarray(0, this.count).filter((start) => start >= low && start < high);
    return found.sort().filter((start, i) => start !== found[i - 1]);
  }
}

/** Tables of 32-bit distances from the table's own start into code, as compilers make for `switch`. */
export function findJumpTables(
  b: Uint8Array,
  elf: Elf,
  section: Section,
  tables: TableStarts,
  list: ReferenceList,
): void {
  const code = elf.sections.filter((s) => s.flags & SHF.exec && s.type === SHT.progbits);
  const low = code.reduce((least, s) => Math.min(least, s.address), Number.MAX_SAFE_INTEGER);
  const high = code.reduce((most, s) => Math.max(most, s.address + s.fileSize), 0);
  const end = section.address + section.fileSize;
  const starts = tables.between(section.address, end);
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
