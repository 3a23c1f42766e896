/** The section of BENCHMARKS.md that `npm run bench:wire` owns, and its plots. Pure. */
import { spread } from '../statistics.ts';
import { BUNDLE, bytesOf, DIFFS, type PairFigures, ratio } from './figures.ts';
import { judge, type Verdict } from './goals.ts';
import { type DotPlot, dotPlots, type Series } from './plots.ts';
import { bytesTable, costTable, pairsTable } from './tables.ts';

export interface Report {
  readonly pairs: readonly PairFigures[];
  /** Sentences: what is not in the tables, and why. */
  readonly missing: readonly string[];
  /** Name and recipe of each program, ours too. */
  readonly programs: readonly { readonly name: string; readonly recipe: string }[];
  /** When it was measured, in words. */
  readonly dates: string;
  readonly machine: string;
  /** Written by hand: why goals are missed, and what was tried. */
  readonly notes: string;
}

const COLOURS: Readonly<Record<string, string>> = {
  'xz -9': '#999999',
  bsdiff: '#222222',
  xdelta3: '#e69f00',
  zstd: '#009e73',
  git: '#d55e00',
  ostree: '#cc79a7',
  'rsync -z': '#56b4e9',
  casync: '#8b5a2b',
  [DIFFS]: '#7a3fd0',
  [BUNDLE]: '#005fe4',
};

export function reportText(report: Report): string {
  const { pairs, missing, dates, machine, notes } = report;
  const rivals = report.programs.map(({ name }) => name).filter((name) => name !== DIFFS && name !== BUNDLE);
  const starts = pairs.flatMap(({ tools }) => [...tools.values()].flatMap(({ apply }) => apply?.startCpuMs ?? []));
  return `## Bytes on the wire

Measured ${dates} by \`npm run bench:wire\` on ${machine}. Real updates, as the package sources of that day offered them: the two newest versions of each package, unpacked, without documentation; and two whole systems, the base suite alone and with all updates. Bytes are what has to travel to a machine that has the older tree. Every result was applied, and compared with the newer tree.

${bytesTable(pairs, rivals)}

raw, xz, bsdiff, xdelta3 and zstd work on the changed files only, each from the old file that suits it best (the same for all, and for our diffs), and say nothing of names, modes or which files there are. git, ostree, rsync, casync and our bundle are given the whole trees. *With release*: bundle and signed release document together, all that a laptop fetches. The ratios are of the bundle without it, as no rival's bytes hold a signature.

![Bytes beside bsdiff's](docs/bench-wire-bytes.svg)

### Goals for the wire

${judge(pairs).map(verdictLine).join('\n')}

${notes.trim()}

### What making costs

Processor time (user and system, all processes and threads), and the resident memory of the largest process.

${costTable(pairs, 'make')}

### What applying costs

${costTable(pairs, 'apply')}

Ours run in one Node process for all files of a pair, as in a daemon that runs already: what Node itself takes to start (${starts.length > 0 ? `${(spread(starts).median / 1000).toFixed(2)} s` : 'not measured'}) is not in its time, while its memory at rest is in the tables, and left out where a goal is judged. The others are started for each file.

![Applying: time and memory](docs/bench-wire-applying.svg)

### The pairs

${pairsTable(pairs)}
${missing.map((sentence) => `\n- ${sentence}`).join('')}

The programs, as they were called (\`$i\`: the number of a changed file; \`$OLD\`, \`$NEW\`: the trees):

${report.programs.map(({ name, recipe }) => `- ${name}: ${recipe.includes('`') ? recipe : `\`${recipe.replaceAll('\n', '; ')}\``}`).join('\n')}
`;
}

function verdictLine({ goal, met, found }: Verdict): string {
  return `- **${met === undefined ? 'Not measured' : met ? 'Met' : 'Missed'}**: ${goal}. Found: ${found === '' ? 'nothing' : found}.`;
}

/** Bytes of every program on every pair, as parts of bsdiff's. */
export function bytesPlot(pairs: readonly PairFigures[], rivals: readonly string[]): string {
  const names = [...rivals.filter((name) => !['raw', 'bsdiff', DIFFS, BUNDLE].includes(name)), BUNDLE];
  return dotPlots([
    {
      title: "Bytes on the wire, as a part of bsdiff's",
      rows: pairs.map(({ name }) => name),
      series: names.map((name) => series(pairs, name, (pair) => ratio(bytesOf(pair, name), bytesOf(pair, 'bsdiff')))),
      ticks: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300],
      tickText: (tick) => (tick === 1 ? 'bsdiff' : `${tick}×`),
      emphasis: 1,
    },
  ]);
}

export function applyingPlot(pairs: readonly PairFigures[]): string {
  const names = ['bsdiff', 'xdelta3', 'zstd', 'ostree', DIFFS, BUNDLE];
  const rows = pairs.map(({ name }) => name);
  const plot = (title: string, ticks: readonly number[], unit: string, of: (name: string) => Series): DotPlot => ({
    title,
    rows,
    series: names.map(of),
    ticks,
    tickText: (tick) => `${tick} ${unit}`,
  });
  return dotPlots([
    plot('Applying: processor time', [0.001, 0.01, 0.1, 1, 10, 100], 's', (name) =>
      series(pairs, name, ({ tools }) => {
        const ms = tools.get(name)?.apply?.cpuMs;
        return ms === undefined ? undefined : ms / 1000;
      }),
    ),
    plot('Applying: peak of memory', [1, 3, 10, 30, 100, 300, 1000], 'MB', (name) =>
      series(pairs, name, ({ tools }) => {
        const bytes = tools.get(name)?.apply?.peakBytes;
        return bytes === undefined ? undefined : bytes / 1e6;
      }),
    ),
  ]);
}

function series(pairs: readonly PairFigures[], name: string, value: (pair: PairFigures) => number | undefined): Series {
  const own = name === DIFFS || name === BUNDLE;
  const label = own ? `our ${name}` : name === 'bsdiff' ? 'bspatch' : name;
  return { name: label, colour: COLOURS[name] ?? '#000000', strong: own, values: pairs.map(value) };
}
