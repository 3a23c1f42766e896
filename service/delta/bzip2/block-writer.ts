import type { BitWriter } from './bit-writer.ts';
import { sortRotations } from './block-sort.ts';
import { chooseCodes } from './code-choice.ts';
import { codeWords } from './code-lengths.ts';
import { BLOCK_MAGIC, GROUP_SYMBOLS, RUN_A, RUN_B } from './format.ts';

/** Writes one block that is not empty, with the checksum of what it stands for. */
export function writeBlock(bits: BitWriter, block: Uint8Array, crc: number): void {
  const { last, start } = sortRotations(block);
  bits.put(BLOCK_MAGIC[0], 24);
  bits.put(BLOCK_MAGIC[1], 24);
  bits.put32(crc);
  bits.put(0, 1);
  bits.put(start, 24);
  const used = writeBytesUsed(bits, block);
  const symbols = toSymbols(last, used);
  const { tables, selectors } = chooseCodes(symbols, used.length + 2);
  bits.put(tables.length, 3);
  writeSelectors(bits, selectors, tables.length);
  for (const lengths of tables) writeLengths(bits, lengths);
  const words = tables.map(codeWords);
  for (const [group, table] of selectors.entries()) {
    const lengths = tables[table] ?? new Uint8Array(0);
    const codes = words[table] ?? new Uint32Array(0);
    const end = Math.min(symbols.length, (group + 1) * GROUP_SYMBOLS);
    for (let i = group * GROUP_SYMBOLS; i < end; i++) {
      const symbol = symbols[i] ?? 0;
      bits.put(codes[symbol] ?? 0, lengths[symbol] ?? 0);
    }
  }
}

/** @returns the bytes that occur, in their order */
function writeBytesUsed(bits: BitWriter, block: Uint8Array): Uint8Array {
  const occurs = new Uint8Array(256);
  for (let i = 0; i < block.length; i++) occurs[block[i] ?? 0] = 1;
  const members = Array.from({ length: 16 }, (_, group) =>
    occurs.subarray(group * 16, group * 16 + 16).reduce((mask, bit) => mask * 2 + bit, 0),
  );
  bits.put(
    members.reduce((mask, member) => mask * 2 + (member === 0 ? 0 : 1), 0),
    16,
  );
  for (const member of members) if (member !== 0) bits.put(member, 16);
  return Uint8Array.from([...occurs.keys()].filter((byte) => occurs[byte] === 1));
}

/** Each byte as its rank in a list that moves what was used to the front; runs of rank 0 as numbers of digits 1 and 2. */
function toSymbols(last: Uint8Array, used: Uint8Array): Uint16Array {
  const list = Uint8Array.from(used);
  const symbols = new Uint16Array(last.length + 1);
  let count = 0;
  let run = 0;
  const endRun = (): void => {
    for (; run > 0; run = (run - 1) >> 1) symbols[count++] = run % 2 === 1 ? RUN_A : RUN_B;
  };
  for (let i = 0; i < last.length; i++) {
    const byte = last[i] ?? 0;
    if (byte === list[0]) {
      run++;
      continue;
    }
    if (run > 0) endRun();
    let rank = 0;
    let moved = list[0] ?? 0;
    while (moved !== byte) {
      rank++;
      const next = list[rank] ?? 0;
      list[rank] = moved;
      moved = next;
    }
    list[0] = byte;
    symbols[count++] = rank + 1;
  }
  endRun();
  symbols[count++] = used.length + 1;
  return symbols.subarray(0, count);
}

function writeSelectors(bits: BitWriter, selectors: Uint8Array, tables: number): void {
  bits.put(selectors.length, 15);
  const recent = Array.from({ length: tables }, (_, table) => table);
  for (const table of selectors) {
    const rank = recent.indexOf(table);
    bits.put((1 << (rank + 1)) - 2, rank + 1);
    recent.splice(rank, 1);
    recent.unshift(table);
  }
}

/** The first length, then for each symbol steps up or down from the length before. */
function writeLengths(bits: BitWriter, lengths: Uint8Array): void {
  let now = lengths[0] ?? 0;
  bits.put(now, 5);
  for (const length of lengths) {
    for (; now < length; now++) bits.put(2, 2);
    for (; now > length; now--) bits.put(3, 2);
    bits.put(0, 1);
  }
}
