import type { AddressMap } from './address-map.ts';
import type { Elf, Section } from './elf.ts';
import { NameTable } from './name-table.ts';
import { NAMESPACE, nameAt, type Placed, type Span, type Stubs, stubs, type Tables } from './stubs.ts';
import { globalOffsetTable } from './x86-references.ts';

/** The new file's start that is kept to read its symbol tables from; a library whose tables end later does without. */
export const MAX_HEAD_BYTES = 8 << 20;
const SLACK = 1 << 16;
const NONE = 0xffffffff;

/**
 * Where symbols, their linkage stubs and their table slots went, by name: a linker orders them anew whenever it likes. Both sides
 * read the new file's tables from its start, which is decoded by then.
 */
export class SymbolNames {
  /** New index of each old symbol, once `linkSymbols` ran; 0xffffffff: none. */
  private newIndex: Uint32Array | undefined;
  private readonly old: Uint8Array;
  private readonly elf: Elf;
  private readonly symbols: Section | undefined;
  private readonly strings: Section | undefined;

  constructor(old: Uint8Array, elf: Elf) {
    this.old = old;
    this.elf = elf;
    const symbols = !elf.relocatable ? elf.sections.find((s) => s.type === 11) : undefined;
    this.symbols = symbols;
    this.strings = symbols && elf.sections[symbols.link];
  }

  /** Bytes of the new file that `linkSymbols` needs; 0: it can do nothing. */
  symbolsEnd(map: AddressMap): number {
    const { symbols, strings } = this;
    if (!symbols || !strings) return 0;
    const end = Math.max(tableEnd(symbols, map), tableEnd(strings, map));
    return end > MAX_HEAD_BYTES ? 0 : end;
  }

  /** Bytes of the new file that `linkStubs` needs; 0: it can do nothing. */
  stubsEnd(map: AddressMap): number {
    if (this.symbolsEnd(map) === 0) return 0;
    let end = 0;
    for (const s of this.elf.sections) if (isTable(s)) end = Math.max(end, tableEnd(s, map));
    return end > MAX_HEAD_BYTES ? 0 : end;
  }

  /** New index of symbol `index` of the table at `table`, if it is known by name. */
  indexOf(table: number, index: number): number | undefined {
    const found = table === this.symbols?.offset ? this.newIndex?.[index] : undefined;
    return found === NONE ? undefined : found;
  }

  linkSymbols(head: Uint8Array, map: AddressMap): void {
    const before = this.oldTables();
    if (!before) return;
    const after = moved(before, map);
    const size = before.wide ? 24 : 16;
    const byName = new NameTable();
    const last = Math.floor(after.symbols.size / size);
    for (let i = 1; i < last; i++) {
      byName.name(head, ...nameAt(head, after, i));
      byName.add(NAMESPACE.symbol, i);
    }
    const count = Math.floor(before.symbols.size / size);
    const seen = new NameTable();
    const newIndex = new Uint32Array(count).fill(NONE);
    for (let i = 1; i < count; i++) {
      seen.name(this.old, ...nameAt(this.old, before, i));
      newIndex[i] = byName.valueLike(seen, seen.add(NAMESPACE.symbol, i)) ?? NONE;
    }
    this.newIndex = newIndex;
  }

  /** Pins the address of each stub and slot whose symbol both files have. */
  linkStubs(head: Uint8Array, map: AddressMap): void {
    const before = this.oldTables();
    if (!before) return;
    const after = moved(before, map);
    const from = stubs(this.old, before);
    const to = stubs(head, after);
    for (let i = 0; i < from.count; i++) {
      const target = to.valueLike(from, i);
      if (target !== undefined) map.pin(from.value(i), target);
    }
  }

  private oldTables(): Tables | undefined {
    const { elf, symbols, strings } = this;
    if (!symbols || !strings) return undefined;
    const section = (name: string): Section | undefined => elf.sections.find((s) => s.name === name && s.fileSize > 0);
    const span = (s: Section | undefined): Span | undefined => s && { offset: s.offset, size: s.fileSize };
    const placed = (s: Section): Placed => ({ offset: s.offset, size: s.fileSize, address: s.address });
    const plt: Stubs[] = [];
    const lazy = section('.plt');
    if (lazy) plt.push({ ...placed(lazy), header: elf.machine === 'aarch64' ? 32 : 16 });
    const second = section('.plt.sec');
    if (second) plt.push({ ...placed(second), header: 0 });
    const got = elf.machine === 'x86-64' || elf.machine === 'i386' ? section('.plt.got') : undefined;
    const relocations = elf.wide ? '.rela' : '.rel';
    return {
      machine: elf.machine,
      wide: elf.wide,
      globalOffsets: globalOffsetTable(elf),
      symbols: { offset: symbols.offset, size: symbols.fileSize },
      strings: { offset: strings.offset, size: strings.fileSize },
      plt,
      pltRelocations: span(section(`${relocations}.plt`)),
      relocations: span(section(`${relocations}.dyn`)),
      pltGot: got && placed(got),
    };
  }
}

function tableEnd(s: Section, map: AddressMap): number {
  return mappedEnd({ offset: s.offset, size: s.fileSize }, map);
}

function isTable(s: Section): boolean {
  return (
    s.fileSize > 0 && (s.type === 11 || s.name === '.dynstr' || s.name.startsWith('.rel') || s.name.startsWith('.plt'))
  );
}

/** Where a table ends in the new file; as long as before when the blocks say something unlikely. */
function mappedEnd(s: Span, map: AddressMap): number {
  const start = map.offset(s.offset);
  const end = map.end(s.offset + s.size);
  return end < start || end > start + 2 * s.size + SLACK ? start + s.size : end;
}

/** The same tables in the new file, where the blocks say that they went. */
function moved(tables: Tables, map: AddressMap): Tables {
  const span = (s: Span): Span => {
    const offset = map.offset(s.offset);
    return { offset, size: mappedEnd(s, map) - offset };
  };
  const placed = (s: Placed): Placed => ({ ...span(s), address: map.address(s.address) });
  return {
    machine: tables.machine,
    wide: tables.wide,
    globalOffsets: map.address(tables.globalOffsets),
    symbols: span(tables.symbols),
    strings: span(tables.strings),
    plt: tables.plt.map((s) => ({ ...placed(s), header: s.header })),
    pltRelocations: tables.pltRelocations && span(tables.pltRelocations),
    relocations: tables.relocations && span(tables.relocations),
    pltGot: tables.pltGot && placed(tables.pltGot),
  };
}

/** New index of an old symbol: by name, else by where its entry of `size` bytes, in the table at old offset `table`, went. */
export function symbolIndex(
  map: AddressMap,
  names: SymbolNames | undefined,
  table: number,
  index: number,
  size: number,
): number {
  const named = names?.indexOf(table, index);
  if (named !== undefined) return named;
  const base = map.offset(table);
  return Math.floor((map.offset(table + size * index) - base) / size);
}
