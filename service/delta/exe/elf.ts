import { u16, u32, u64 } from './bytes.ts';

export type Machine = 'x86-64' | 'aarch64' | 'i386' | 'arm' | 'other';

export interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly memorySize: number;
  /** Which of its own file's segments it is. */
  readonly index: number;
}

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** 0 in memory only. */
  readonly fileSize: number;
}

export interface Elf {
  readonly machine: Machine;
  readonly wide: boolean;
  /** A relocatable object (kernel module): sections have no addresses, relocations name section and offset. */
  readonly relocatable: boolean;
  readonly programHeaders: number;
  readonly programHeaderCount: number;
  readonly sectionHeaders: number;
  /** The first file's come first, where several are laid one after another. */
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];
  /** Sections of the files after the first. */
  readonly further: readonly Section[];
}

export const SHT = {
  progbits: 1,
  symtab: 2,
  rela: 4,
  dynamic: 6,
  nobits: 8,
  rel: 9,
  dynsym: 11,
  initArray: 14,
  finiArray: 15,
  gnuHash: 0x6ffffff6,
} as const;
export const SHF = { write: 1, alloc: 2, exec: 4 } as const;

const MACHINES: Readonly<Record<number, Machine>> = { 62: 'x86-64', 183: 'aarch64', 3: 'i386', 40: 'arm' };
const MAX_HEADERS = 4096;
const MAX_NAME = 64;

/** Little-endian ELF header at the start of `b` (elf(5)); undefined when it is anything else or odd. */
export function readHeader(b: Uint8Array): { wide: boolean; machine: Machine; type: number } | undefined {
  if (b.length < 52 || u32(b, 0) !== 0x464c457f || b[5] !== 1) return undefined;
  const wide = b[4] === 2;
  if (!wide && b[4] !== 1) return undefined;
  return { wide, machine: MACHINES[u16(b, 18)] ?? 'other', type: u16(b, 16) };
}

/** Bytes from the start of the file within which `readSegments` finds all that it wants. */
export function headersEnd(b: Uint8Array): number {
  const header = readHeader(b);
  if (!header) return 0;
  const [at, size, count] = programHeaderTable(b, header.wide);
  return at + size * count;
}

function programHeaderTable(b: Uint8Array, wide: boolean): [at: number, size: number, count: number] {
  const count = Math.min(u16(b, wide ? 56 : 44), 64);
  const at = wide ? u64(b, 32) : u32(b, 28);
  return at > 0x10000 ? [0, 0, 0] : [at, wide ? 56 : 32, count];
}

/** The loaded segments, in the order of their headers, clipped to `fileSize`. */
export function readSegments(b: Uint8Array, fileSize: number): Segment[] {
  const header = readHeader(b);
  if (!header) return [];
  const { wide } = header;
  const [table, size, count] = programHeaderTable(b, wide);
  const segments: Segment[] = [];
  for (let i = 0, at = table; i < count && at + size <= b.length; i++, at += size) {
    if (u32(b, at) !== 1) continue;
    const offset = wide ? u64(b, at + 8) : u32(b, at + 4);
    const address = wide ? u64(b, at + 16) : u32(b, at + 8);
    const length = wide ? u64(b, at + 32) : u32(b, at + 16);
    const memory = wide ? u64(b, at + 40) : u32(b, at + 20);
    if (offset > fileSize || address + memory > Number.MAX_SAFE_INTEGER / 2) continue;
    const { length: index } = segments;
    segments.push({ offset, address, fileSize: Math.min(length, fileSize - offset), memorySize: memory, index });
  }
  return segments;
}

function nameAt(b: Uint8Array, at: number): string {
  let end = at;
  while (end < b.length && end < at + MAX_NAME && b[end] !== 0) end++;
  return Buffer.from(b.subarray(at, end)).toString('latin1');
}

function readSections(b: Uint8Array, wide: boolean, table: number): Section[] {
  const size = wide ? 64 : 40;
  const count = Math.min(u16(b, wide ? 60 : 48), MAX_HEADERS);
  const nameIndex = u16(b, wide ? 62 : 50);
  if (table <= 0 || table + size * count > b.length) return [];
  const word = (at: number, wideOffset: number, narrowOffset: number): number =>
    wide ? u64(b, at + wideOffset) : u32(b, at + narrowOffset);
  const names = nameIndex < count ? word(table + size * nameIndex, 24, 16) : b.length;
  return Array.from({ length: count }, (_, i) => {
    const at = table + size * i;
    const type = u32(b, at + 4);
    const offset = word(at, 24, 16);
    const length = word(at, 32, 20);
    const inFile = type === SHT.nobits || offset > b.length ? 0 : Math.min(length, b.length - offset);
    return {
      name: nameAt(b, names + u32(b, at)),
      type,
      flags: word(at, 8, 8),
      address: word(at, 16, 12),
      offset: Math.min(offset, b.length),
      size: length,
      fileSize: inFile,
      link: u32(b, at + (wide ? 40 : 24)),
      info: u32(b, at + (wide ? 44 : 28)),
    };
  });
}

/** Reads what is needed of an ELF file; never throws, and answers undefined for anything it does not know. */
export function readElf(b: Uint8Array): Elf | undefined {
  const header = readHeader(b);
  if (!header) return undefined;
  const { wide, machine, type } = header;
  const sectionHeaders = wide ? u64(b, 40) : u32(b, 32);
  const [programHeaders, , programHeaderCount] = programHeaderTable(b, wide);
  return {
    machine,
    wide,
    relocatable: type === 1,
    programHeaders,
    programHeaderCount,
    sectionHeaders,
    segments: readSegments(b, b.length),
    sections: readSections(b, wide, sectionHeaders),
    further: [],
  };
}

export function addressToOffset(segments: readonly Segment[], address: number): number {
  for (const s of segments)
    if (address >= s.address && address < s.address + s.fileSize) return address - s.address + s.offset;
  return -1;
}

export function offsetToAddress(segments: readonly Segment[], offset: number): number {
  for (const s of segments)
    if (offset >= s.offset && offset < s.offset + s.fileSize) return offset - s.offset + s.address;
  return -1;
}

/** Lowest address of the loaded segments, and the end of the highest. */
export function imageRange(elf: Elf): readonly [low: number, high: number] {
  const low = elf.segments.reduce((least, s) => Math.min(least, s.address), Number.MAX_SAFE_INTEGER);
  return [low, elf.segments.reduce((most, s) => Math.max(most, s.address + s.memorySize), 0)];
}
