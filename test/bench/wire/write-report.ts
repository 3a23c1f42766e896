/** Figures into BENCHMARKS.md and plots, or onto the terminal alone. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { withSection } from '../section.ts';
import type { LeftOut } from './corpus.ts';
import type { PairFigures } from './figures.ts';
import { judge } from './goals.ts';
import type { PairResult } from './measure-pairs.ts';
import { applyingPlot, bytesPlot, reportText } from './report.ts';
import type { Outcome, Rival } from './rival.ts';
import { bytesTable } from './tables.ts';

export interface ReportInput {
  readonly results: readonly PairResult[];
  readonly leftOut: readonly LeftOut[];
  readonly rivals: readonly Rival[];
  /** Else only the terminal is told. */
  readonly toFiles: boolean;
  readonly say: (line: string) => void;
}

const MARKERS = { start: '<!-- measured by npm run bench:wire -->', end: '<!-- end of what bench:wire measured -->' };

/** Answers whether every program that ran gave the right result. */
export function writeReport({ results, leftOut, rivals, toFiles, say }: ReportInput): boolean {
  const pairs = results.map(figuresOf);
  const troubles = results.flatMap(troublesOf);
  if (toFiles) {
    const file = (name: string): string => join(PROJECT_ROOT, name);
    const text = reportText({
      pairs,
      missing: [
        ...leftOut.map(({ name, why }) => `${name} is left out: ${why}.`),
        ...staleOf(results),
        ...results.flatMap((one) => gapsOf(one, rivals)),
        ...troubles,
      ],
      programs: rivals,
      dates: spanOf(results),
      machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
      notes: readFileSync(file('docs/bench-wire-notes.md'), 'utf8'),
    });
    writeFileSync(file('BENCHMARKS.md'), withSection(readFileSync(file('BENCHMARKS.md'), 'utf8'), MARKERS, text));
    writeFileSync(
      file('docs/bench-wire-bytes.svg'),
      bytesPlot(
        pairs,
        rivals.map(({ name }) => name),
      ),
    );
    writeFileSync(file('docs/bench-wire-applying.svg'), applyingPlot(pairs));
  }
  const measured = rivals.map(({ name }) => name).filter((name) => pairs.some(({ tools }) => tools.has(name)));
  say(
    `\n${bytesTable(
      pairs,
      measured.filter((name) => name !== 'diffs' && name !== 'bundle'),
    )}\n`,
  );
  for (const { goal, met, found } of judge(pairs))
    if (met !== undefined) say(`${met ? 'met' : 'MISSED'}: ${goal}: ${found}`);
  for (const trouble of troubles) say(trouble);
  if (toFiles) say('BENCHMARKS.md and its plots are written.');
  return troubles.length === 0;
}

/** Of the first and the last measurement; results are kept from run to run. */
function spanOf(results: readonly PairResult[]): string {
  const dates = results.flatMap((one) => [...one.results.values()].map(({ date }) => date.slice(0, 10))).toSorted();
  const [first = '', last = ''] = [dates[0], dates.at(-1)];
  return first === last ? first : `from ${first} to ${last}`;
}

function figuresOf({ pair, changes, results }: PairResult): PairFigures {
  const tools = new Map<string, Outcome>();
  for (const [name, { outcome }] of results) if (outcome && outcome.wrong === '') tools.set(name, outcome);
  return {
    name: pair.name,
    class: pair.class,
    versions: pair.versions,
    files: changes.length,
    largestOldBytes: changes.reduce((most, { baseBytes }) => Math.max(most, baseBytes), 0),
    tools,
  };
}

/** What an earlier state of our own code gave; one sentence for all of it. */
function staleOf(results: readonly PairResult[]): string[] {
  const stale = results.flatMap(({ pair, results: tools }) =>
    [...tools].flatMap(([name, { isStale }]) => (isStale === true ? [`${pair.name} (${name})`] : [])),
  );
  return stale.length === 0 ? [] : [`measured before our own code was what it is now: ${stale.join(', ')}.`];
}

function gapsOf({ pair, results }: PairResult, rivals: readonly Rival[]): string[] {
  const gaps = rivals.filter(({ name }) => !results.has(name)).map(({ name }) => name);
  return gaps.length === 0 ? [] : [`not measured on ${pair.name}: ${gaps.join(', ')}.`];
}

/** A result that is wrong is worth no byte: it is told, and not in the tables. */
function troublesOf({ pair, results }: PairResult): string[] {
  return [...results].flatMap(([name, { outcome, failed }]) => {
    const why = outcome ? outcome.wrong : failed.split('\n')[0];
    return why === '' ? [] : [`${name} failed on ${pair.name}: ${why}.`];
  });
}
