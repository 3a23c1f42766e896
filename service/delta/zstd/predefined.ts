import { FseTable } from './fse-table.ts';

/** RFC 8878, 3.1.1.3.2.2.1 to 3; by field. */
const COUNTS: readonly { readonly log: number; readonly counts: readonly number[] }[] = [
  {
    log: 6,
    counts: [4, 3, ...many(2, 11), 1, 1, 1, ...many(2, 9), 3, 2, ...many(1, 5), ...many(-1, 4)],
  },
  { log: 5, counts: [...many(1, 6), 2, 2, 2, ...many(1, 15), ...many(-1, 5)] },
  { log: 6, counts: [1, 4, 3, ...many(2, 6), ...many(1, 37), ...many(-1, 7)] },
];

function many(count: number, times: number): number[] {
  return new Array<number>(times).fill(count);
}

export const PREDEFINED: readonly FseTable[] = COUNTS.map(({ log, counts }) =>
  FseTable.ofCounts({ log, counts: Int16Array.from(counts) }),
);
