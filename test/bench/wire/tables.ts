/** The tables of the report. Pure. */
import { BUNDLE, bestRival, bytesOf, DIFFS, type PairFigures, ratio, updateBytesOf } from './figures.ts';
import type { ToolCost } from './rival.ts';

const NONE = '–';
/** Programs whose time and memory are told too. */
const COSTED = ['bsdiff', 'xdelta3', 'zstd', 'ostree', DIFFS, BUNDLE];

const count = (value: number | undefined): string => value?.toLocaleString('en') ?? NONE;
const share = (value: number | undefined): string => value?.toFixed(3) ?? NONE;

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const numbers = header.map((_, index) => (index === 0 ? '---' : '---:'));
  return [header, numbers, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function bytesTable(pairs: readonly PairFigures[], rivals: readonly string[]): string {
  const header = [
    'pair',
    'files',
    ...rivals,
    'our diffs',
    'our bundle',
    'with release',
    '÷ bsdiff',
    '÷ ostree',
    'best rival',
  ];
  const rows = pairs.map((pair) => {
    const best = bestRival(pair);
    const bundle = bytesOf(pair, BUNDLE);
    return [
      pair.name,
      count(pair.files),
      ...rivals.map((rival) => count(bytesOf(pair, rival))),
      count(bytesOf(pair, DIFFS)),
      `**${count(bundle)}**`,
      count(updateBytesOf(pair)),
      share(ratio(bundle, bytesOf(pair, 'bsdiff'))),
      share(ratio(bundle, bytesOf(pair, 'ostree'))),
      best ? `${best.name}: ${share(ratio(bundle, best.bytes))}` : NONE,
    ];
  });
  return table(header, rows);
}

/** Processor time in seconds, and the peak of memory in megabytes. */
export function costTable(pairs: readonly PairFigures[], what: 'make' | 'apply'): string {
  const rows = pairs.map((pair) => [pair.name, ...COSTED.map((tool) => cost(pair.tools.get(tool)?.[what]))]);
  return table(['pair', ...COSTED.map((tool) => (tool === DIFFS || tool === BUNDLE ? `our ${tool}` : tool))], rows);
}

function cost(one: ToolCost | undefined): string {
  if (!one) return NONE;
  return `${(one.cpuMs / 1000).toFixed(2)} s, ${(one.peakBytes / 1e6).toFixed(0)} MB`;
}

export function pairsTable(pairs: readonly PairFigures[]): string {
  return table(
    ['pair', 'kind', 'versions'],
    pairs.map((pair) => [pair.name, pair.class, pair.versions.replaceAll('|', '\\|')]),
  );
}
