import { stubTarget } from './arm-references.ts';
import { i32, u32, u64 } from './bytes.ts';
import type { Machine } from './elf.ts';
import { NameTable } from './name-table.ts';

const MAX_NAME = 256;
/** Relocations that fill a slot with a symbol's address: GLOB_DAT of each machine. */
const SLOT: Readonly<Record<Machine, number>> = { 'x86-64': 6, i386: 6, aarch64: 1025, arm: 21, other: 0 };
/** Bytes from one linkage stub to the next. */
const STUB_BYTES = 16;

/** Where what names the symbols of a file stands in it. */
export interface Tables {
  readonly machine: Machine;
  /** 64-bit symbols and relocations. */
  readonly wide: boolean;
  readonly globalOffsets: number;
  readonly symbols: Span;
  readonly strings: Span;
  readonly plt: readonly Stubs[];
  readonly pltRelocations: Span | undefined;
  readonly relocations: Span | undefined;
  readonly pltGot: Placed | undefined;
}
export interface Span {
  readonly offset: number;
  readonly size: number;
}
export interface Placed extends Span {
  readonly address: number;
}
export interface Stubs extends Placed {
  /** Bytes before the first stub. */
  readonly header: number;
}

/** Where the name of a symbol stands; an empty span: it has none. */
export function nameAt(
  b: Uint8Array,
  { symbols, strings, wide }: Tables,
  index: number,
): readonly [start: number, end: number] {
  const size = wide ? 24 : 16;
  if (index <= 0 || index * size + size > symbols.size) return [0, 0];
  const at = u32(b, symbols.offset + size * index);
  if (at === 0 || at >= strings.size) return [0, 0];
  const start = strings.offset + at;
  let end = start;
  while (end < start + MAX_NAME && (b[end] ?? 0) !== 0) end++;
  return [start, end];
}

/** What stands for a symbol; kinds of linkage stubs are counted from `stub` on. */
export const NAMESPACE = { symbol: 0, jump: 1, slot: 2, slotStub: 3, stub: 4 } as const;

interface Relocation {
  readonly address: number;
  readonly type: number;
  readonly symbol: number;
}

function* relocationsIn(b: Uint8Array, wide: boolean, { offset, size }: Span): Generator<Relocation> {
  const step = wide ? 24 : 8;
  for (let at = offset; at + step <= offset + size; at += step) {
    if (wide) yield { address: u64(b, at), type: u32(b, at + 8), symbol: u32(b, at + 12) };
    else yield { address: u32(b, at), type: b[at + 4] ?? 0, symbol: u32(b, at + 4) >>> 8 };
  }
}

/** Name → address, for each kind of thing that stands for a symbol. */
export function stubs(b: Uint8Array, tables: Tables): NameTable {
  const found = new NameTable();
  const slots = new Map<number, number>();
  const { machine, wide, pltRelocations, relocations, plt, pltGot } = tables;
  let number = -1;
  for (const { address, symbol } of pltRelocations ? relocationsIn(b, wide, pltRelocations) : []) {
    number++;
    if (!found.name(b, ...nameAt(b, tables, symbol))) continue;
    const entry = found.add(NAMESPACE.jump, address);
    if (machine === 'arm') slots.set(address, entry);
    else for (const [k, p] of plt.entries()) found.add(NAMESPACE.stub + k, p.address + p.header + STUB_BYTES * number);
  }
  for (const { address, type, symbol } of relocations ? relocationsIn(b, wide, relocations) : []) {
    if (symbol === 0 || type !== SLOT[machine] || !found.name(b, ...nameAt(b, tables, symbol))) continue;
    slots.set(address, found.add(NAMESPACE.slot, address));
  }
  if (machine === 'arm') for (const span of plt) stubsTo(found, slots, span, 4, (at, here) => stubTarget(b, at, here));
  if (pltGot)
    stubsTo(found, slots, pltGot, 8, (at, here) => {
      if (b[at] !== 0xff) return undefined;
      if (machine === 'i386') return b[at + 1] === 0xa3 ? tables.globalOffsets + i32(b, at + 2) : undefined;
      return b[at + 1] === 0x25 ? here + 6 + i32(b, at + 2) : undefined;
    });
  return found;
}

/** Adds the stubs of `span`, which are told apart by the slot that they go through. */
function stubsTo(
  found: NameTable,
  slots: ReadonlyMap<number, number>,
  span: Placed,
  step: number,
  target: (at: number, here: number) => number | undefined,
): void {
  for (let at = span.offset; at + step <= span.offset + span.size; at += step) {
    const here = at - span.offset + span.address;
    const slot = slots.get(target(at, here) ?? -1);
    if (slot === undefined) continue;
    found.nameLike(slot);
    found.add(NAMESPACE.slotStub, here);
  }
}
