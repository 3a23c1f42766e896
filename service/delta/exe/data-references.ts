import { i32, u16, u32, u64 } from './bytes.ts';
import { addressToOffset, type Elf, type Section, SHT } from './elf.ts';
import { KIND, type ReferenceList } from './references.ts';

/** Relocation types whose addend is an address of this file: RELATIVE and IRELATIVE of each machine. */
const RELATIVE: Readonly<Record<string, readonly number[]>> = {
  'x86-64': [8, 37],
  aarch64: [1027, 1032],
  i386: [8, 42],
  arm: [23, 160],
  other: [],
};
/** Dynamic tags that hold addresses (elf(5)). */
const ADDRESS_TAGS = new Set([
  3, 4, 5, 6, 7, 12, 13, 17, 23, 25, 26, 32, 36, 0x6ffffef5, 0x6ffffff0, 0x6ffffffe, 0x6ffffffc,
]);

/** DT_PLTRELSZ, RELASZ, STRSZ, INIT_ARRAYSZ, FINI_ARRAYSZ, RELSZ: the tag whose thing each measures. */
const SIZE_TAGS: Readonly<Record<number, number>> = { 2: 23, 8: 7, 10: 5, 27: 25, 28: 26, 18: 17 };

/** Everything in one section that holds an address, an offset or an index of another thing of the file. */
export function findInData(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  if (s.type === SHT.rela || s.type === SHT.rel) relocations(b, elf, s, list);
  else if (s.type === SHT.dynsym || s.type === SHT.symtab) symbols(b, elf, s, list);
  else if (s.type === SHT.dynamic) dynamic(b, elf, s, list);
  else if (s.type === SHT.initArray || s.type === SHT.finiArray || s.name.startsWith('.got')) pointers(b, elf, s, list);
  else if (s.type === SHT.gnuHash) hashTable(b, elf, s, list);
  else if (s.name === '.gnu_debuglink') debugLink(b, elf, s, list);
}

function relocations(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const addends = s.type === SHT.rela;
  const size = elf.wide ? (addends ? 24 : 16) : addends ? 12 : 8;
  const symbolTable = elf.sections[s.link];
  const target = elf.relocatable ? elf.sections[s.info] : undefined;
  const relative = RELATIVE[elf.machine] ?? [];
  for (let at = s.offset; at + size <= s.offset + s.fileSize; at += size) {
    if (target) list.add(at, KIND.within, target.offset);
    else list.add(at, KIND.absolute);
    const type = elf.wide ? u32(b, at + 8) : (b[at + 4] ?? 0);
    const symbol = elf.wide ? u32(b, at + 12) : u32(b, at + 4) >>> 8;
    if (symbol !== 0 && symbolTable) {
      if (elf.wide) list.add(at + 12, KIND.symbol, symbolTable.offset);
      else list.add(at + 4, KIND.symbolAbove, symbolTable.offset);
    }
    if (target && addends && elf.wide && symbolTable) sectionAddend(b, elf, at, symbolTable, symbol, list);
    if (!relative.includes(type) || target) continue;
    if (addends) list.add(at + (elf.wide ? 16 : 8), KIND.absolute);
    const place = addressToOffset(elf.segments, elf.wide ? u64(b, at) : u32(b, at));
    if (place < 0) continue;
    if (!elf.wide) list.addLater(place);
    else if (addends && u64(b, at + 16) !== 0 && u64(b, place) === u64(b, at + 16)) list.addLater(place);
  }
}

/** In a relocatable object, an addend to a section's symbol is a place within that section. */
function sectionAddend(b: Uint8Array, elf: Elf, at: number, table: Section, symbol: number, list: ReferenceList): void {
  const entry = table.offset + 24 * symbol;
  if (entry + 24 > table.offset + table.fileSize || ((b[entry + 4] ?? 0) & 15) !== 3) return;
  const section = elf.sections[u16(b, entry + 6)];
  if (!section || i32(b, at + 20) !== 0) return;
  list.add(at + 16, KIND.within, section.offset);
}

function symbols(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const strings = elf.sections[s.link];
  const size = elf.wide ? 24 : 16;
  for (let at = s.offset; at + size <= s.offset + s.fileSize; at += size) {
    if (strings && u32(b, at) !== 0) list.add(at, KIND.within, strings.offset);
    const section = u16(b, at + (elf.wide ? 6 : 14));
    if (section === 0 || section >= 0xff00) continue;
    const value = elf.wide ? u64(b, at + 8) : u32(b, at + 4);
    const home = elf.sections[section];
    if (elf.relocatable) {
      if (home && value !== 0) list.add(at + (elf.wide ? 8 : 4), KIND.within, home.offset);
    } else {
      list.add(at + (elf.wide ? 8 : 4), KIND.absolute);
    }
    const length = elf.wide ? u64(b, at + 16) : u32(b, at + 8);
    const place = elf.relocatable ? (home ? home.offset + value : -1) : addressToOffset(elf.segments, value);
    if (length > 0 && place >= 0 && place < 2 ** 32) list.add(at + (elf.wide ? 16 : 8), KIND.length, place);
  }
}

function dynamic(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const half = elf.wide ? 8 : 4;
  const values = new Map<number, number>();
  for (let at = s.offset; at + 2 * half <= s.offset + s.fileSize; at += 2 * half)
    values.set(u32(b, at), elf.wide ? u64(b, at + 8) : u32(b, at + 4));
  for (let at = s.offset; at + 2 * half <= s.offset + s.fileSize; at += 2 * half) {
    const tag = u32(b, at);
    if (ADDRESS_TAGS.has(tag)) list.add(at + half, KIND.absolute);
    const measured = SIZE_TAGS[tag];
    const place = measured === undefined ? -1 : addressToOffset(elf.segments, values.get(measured) ?? -1);
    if (place >= 0) list.add(at + half, KIND.length, place);
  }
}

/** `.gnu.hash`: each bucket holds the index of its first symbol, which shifts with every symbol before it. */
function hashTable(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const symbols = elf.sections[s.link];
  if (!symbols) return;
  const buckets = s.offset + 16 + u32(b, s.offset + 8) * (elf.wide ? 8 : 4);
  const end = Math.min(buckets + u32(b, s.offset) * 4, s.offset + s.fileSize);
  const kind = elf.wide ? KIND.symbol : KIND.symbolNarrow;
  for (let at = buckets; at + 4 <= end; at += 4) if (u32(b, at) !== 0) list.add(at, kind, symbols.offset);
}

function pointers(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const size = elf.wide ? 8 : 4;
  for (let at = s.offset; at + size <= s.offset + s.fileSize; at += size) {
    const value = elf.wide ? u64(b, at) : u32(b, at);
    if (value !== 0 && addressToOffset(elf.segments, value) >= 0) list.add(at, KIND.absolute);
  }
}

/** Debian names detached debug files by build-id: those 38 characters follow from the note near the file's start. */
function debugLink(b: Uint8Array, elf: Elf, s: Section, list: ReferenceList): void {
  const note = elf.sections.find((each) => each.name === '.note.gnu.build-id');
  if (!note || note.fileSize < 36) return;
  const text = Buffer.from(b.subarray(note.offset + 17, note.offset + 36)).toString('hex');
  if (Buffer.from(b.subarray(s.offset, s.offset + 38)).toString('latin1') === text)
    list.add(s.offset, KIND.buildIdText, note.offset);
}

/** File header and program headers. */
export function findInHeaders(b: Uint8Array, elf: Elf, list: ReferenceList): void {
  const { wide } = elf;
  const address = KIND.absolute;
  const offset = KIND.offset;
  const length = KIND.length;
  list.add(24, address);
  list.add(wide ? 40 : 32, offset);
  for (let i = 0; i < elf.programHeaderCount; i++) {
    const at = elf.programHeaders + i * (wide ? 56 : 32);
    const place = wide ? u64(b, at + 8) : u32(b, at + 4);
    if (place === 0 && u32(b, at) !== 1) continue;
    list.add(at + (wide ? 8 : 4), offset);
    list.add(at + (wide ? 16 : 8), address);
    list.add(at + (wide ? 24 : 12), address);
    list.add(at + (wide ? 32 : 16), length, place);
    list.add(at + (wide ? 40 : 20), length, place);
  }
}

export function findInSectionHeaders(elf: Elf, list: ReferenceList): void {
  const { wide } = elf;
  for (let i = 1; i < elf.sections.length; i++) {
    const s = elf.sections[i];
    const at = elf.sectionHeaders + i * (wide ? 64 : 40);
    if (!s) continue;
    if (s.address !== 0) list.add(at + (wide ? 16 : 12), KIND.absolute);
    list.add(at + (wide ? 24 : 16), KIND.offset);
    if (s.fileSize > 0) list.add(at + (wide ? 32 : 20), KIND.length, s.offset);
  }
}
