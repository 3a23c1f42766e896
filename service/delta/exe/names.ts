import type { AddressMap } from './address-map.ts';
import { i32, u32, u64 } from './bytes.ts';
import type { Elf, Section } from './elf.ts';
import { NameTable } from './name-table.ts';

/** The new file's start that is kept to read its symbol tables from; a library whose tables end later does without. */
export const MAX_HEAD_BYTES = 8 << 20;
const MAX_NAME = 256;
const SLACK = 1 << 16;
const NONE = 0xffffffff;

interface Tables {
  readonly symbols: Span;
  readonly strings: Span;
  readonly plt: readonly Stubs[];
  readonly pltRelocations: Span | undefined;
  readonly relocations: Span | undefined;
  readonly pltGot: (Span & { readonly address: number }) | undefined;
}
interface Span {
  readonly offset: number;
  readonly size: number;
}
interface Stubs {
  readonly address: number;
  readonly header: number;
}

/**
 * Where symbols, their linkage stubs and their table slots went, by name: a linker orders them anew whenever it likes. Both sides
 * read the new file's tables from its start, which is decoded by then.
 */
export class SymbolNames {
  /** New index of each old symbol, once `linkSymbols` ran; 0xffffffff: none. */
  newIndex: Uint32Array | undefined;
  private readonly old: Uint8Array;
  private readonly elf: Elf;
  private readonly symbols: Section | undefined;
  private readonly strings: Section | undefined;

  constructor(old: Uint8Array, elf: Elf) {
    this.old = old;
    this.elf = elf;
    const symbols = elf.wide && !elf.relocatable ? elf.sections.find((s) => s.type === 11) : undefined;
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

  linkSymbols(head: Uint8Array, map: AddressMap): void {
    const before = this.oldTables();
    if (!before) return;
    const after = moved(before, map);
    const byName = new NameTable();
    const last = Math.floor(after.symbols.size / 24);
    for (let i = 1; i < last; i++) {
      byName.name(head, ...nameAt(head, after, i));
      byName.add(NAMESPACE.symbol, i);
    }
    const count = Math.floor(before.symbols.size / 24);
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
    const plt: Stubs[] = [];
    const lazy = section('.plt');
    if (lazy) plt.push({ address: lazy.address, header: elf.machine === 'aarch64' ? 32 : 16 });
    const second = section('.plt.sec');
    if (second) plt.push({ address: second.address, header: 0 });
    const got = elf.machine === 'x86-64' ? section('.plt.got') : undefined;
    return {
      symbols: { offset: symbols.offset, size: symbols.fileSize },
      strings: { offset: strings.offset, size: strings.fileSize },
      plt,
      pltRelocations: span(section('.rela.plt')),
      relocations: span(section('.rela.dyn')),
      pltGot: got && { offset: got.offset, size: got.fileSize, address: got.address },
    };
  }
}

function tableEnd(s: Section, map: AddressMap): number {
  return mappedEnd({ offset: s.offset, size: s.fileSize }, map);
}

function isTable(s: Section): boolean {
  return (
    s.fileSize > 0 &&
    (s.type === 11 || s.name === '.dynstr' || s.name.startsWith('.rela.') || s.name.startsWith('.plt'))
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
  return {
    symbols: span(tables.symbols),
    strings: span(tables.strings),
    plt: tables.plt.map((s) => ({ address: map.address(s.address), header: s.header })),
    pltRelocations: tables.pltRelocations && span(tables.pltRelocations),
    relocations: tables.relocations && span(tables.relocations),
    pltGot: tables.pltGot && { ...span(tables.pltGot), address: map.address(tables.pltGot.address) },
  };
}

/** Where the name of a symbol stands; an empty span: it has none. */
function nameAt(b: Uint8Array, { symbols, strings }: Tables, index: number): readonly [start: number, end: number] {
  if (index <= 0 || index * 24 + 24 > symbols.size) return [0, 0];
  const at = u32(b, symbols.offset + 24 * index);
  if (at === 0 || at >= strings.size) return [0, 0];
  const start = strings.offset + at;
  let end = start;
  while (end < start + MAX_NAME && (b[end] ?? 0) !== 0) end++;
  return [start, end];
}

/** What stands for a symbol; kinds of linkage stubs are counted from `stub` on. */
const NAMESPACE = { symbol: 0, jump: 1, slot: 2, slotStub: 3, stub: 4 } as const;

/** Name → address, for each kind of thing that stands for a symbol. */
function stubs(b: Uint8Array, tables: Tables): NameTable {
  const found = new NameTable();
  const { pltRelocations, relocations, pltGot } = tables;
  if (pltRelocations) {
    for (let i = 0; i * 24 + 24 <= pltRelocations.size; i++) {
      const at = pltRelocations.offset + 24 * i;
      if (!found.name(b, ...nameAt(b, tables, u32(b, at + 12)))) continue;
      found.add(NAMESPACE.jump, u64(b, at));
      for (const [k, p] of tables.plt.entries()) found.add(NAMESPACE.stub + k, p.address + p.header + 16 * i);
    }
  }
  const slots = new Map<number, number>();
  if (relocations) {
    for (let at = relocations.offset; at + 24 <= relocations.offset + relocations.size; at += 24) {
      const type = u32(b, at + 8);
      const symbol = u32(b, at + 12);
      if (symbol === 0 || (type !== 6 && type !== 1025) || !found.name(b, ...nameAt(b, tables, symbol))) continue;
      slots.set(u64(b, at), found.add(NAMESPACE.slot, u64(b, at)));
    }
  }
  if (pltGot) {
    for (let at = pltGot.offset; at + 6 <= pltGot.offset + pltGot.size; at += 8) {
      if (b[at] !== 0xff || b[at + 1] !== 0x25) continue;
      const here = at - pltGot.offset + pltGot.address;
      const slot = slots.get(here + 6 + i32(b, at + 2));
      if (slot === undefined) continue;
      found.nameLike(slot);
      found.add(NAMESPACE.slotStub, here);
    }
  }
  return found;
}
