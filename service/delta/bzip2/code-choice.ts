import { codeLengths } from './code-lengths.ts';
import { GROUP_SYMBOLS, MAX_TABLES, MIN_TABLES } from './format.ts';

/** Tables pay for themselves only where there is enough to code with them. */
const SYMBOLS_FOR_TABLE = [0, 0, 0, 200, 600, 1200, 2400];
const ROUNDS = 6;

export interface CodeChoice {
  /** Word lengths by symbol, for each table. */
  readonly tables: readonly Uint8Array[];
  /** The table of each group of symbols. */
  readonly selectors: Uint8Array;
}

/**
 * Tables for the symbols of a block, and which group takes which. Starts from tables that each favour a range of symbols
 * of about the same total count; then in turn groups take their cheapest table, and tables are made anew for their groups.
 */
export function chooseCodes(symbols: Uint16Array, alphabet: number): CodeChoice {
  let count = MIN_TABLES;
  while (count < MAX_TABLES && symbols.length >= (SYMBOLS_FOR_TABLE[count + 1] ?? 0)) count++;
  let tables = favouringRanges(symbols, alphabet, count);
  const selectors = new Uint8Array(Math.ceil(symbols.length / GROUP_SYMBOLS));
  for (let round = 0; round < ROUNDS; round++) {
    const counts = tables.map(() => new Uint32Array(alphabet));
    for (let group = 0; group < selectors.length; group++) {
      const members = symbols.subarray(group * GROUP_SYMBOLS, (group + 1) * GROUP_SYMBOLS);
      const table = cheapest(tables, members);
      selectors[group] = table;
      const its = counts[table];
      if (its) for (const symbol of members) its[symbol] = (its[symbol] ?? 0) + 1;
    }
    tables = counts.map(codeLengths);
  }
  return { tables, selectors };
}

function favouringRanges(symbols: Uint16Array, alphabet: number, tables: number): Uint8Array[] {
  const counts = new Uint32Array(alphabet);
  for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1;
  let symbol = 0;
  let left = symbols.length;
  return Array.from({ length: tables }, (_, table) => {
    const lengths = new Uint8Array(alphabet).fill(15);
    const share = left / (tables - table);
    for (let taken = 0; symbol < alphabet && (taken === 0 || taken < share); symbol++) {
      taken += counts[symbol] ?? 0;
      left -= counts[symbol] ?? 0;
      lengths[symbol] = 0;
    }
    return lengths;
  });
}

function cheapest(tables: readonly Uint8Array[], members: Uint16Array): number {
  let best = 0;
  let bestBits = Number.POSITIVE_INFINITY;
  for (const [table, lengths] of tables.entries()) {
    let bits = 0;
    for (let i = 0; i < members.length; i++) bits += lengths[members[i] ?? 0] ?? 0;
    if (bits < bestBits) {
      best = table;
      bestBits = bits;
    }
  }
  return best;
}
