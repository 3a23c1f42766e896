import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSection } from '../bench/section.ts';
import type { PairFigures } from '../bench/wire/figures.ts';
import { judge } from '../bench/wire/goals.ts';
import { parseOptions } from '../bench/wire/options.ts';
import { applyingPlot, bytesPlot, reportText } from '../bench/wire/report.ts';
import type { Outcome } from '../bench/wire/rival.ts';

interface Given {
  readonly bsdiff: number;
  readonly ostree: number;
  readonly bundle: number;
  readonly cpuMs?: number;
  readonly memory?: number;
  readonly class?: PairFigures['class'];
}

function pair(name: string, given: Given): PairFigures {
  const { cpuMs = 10, memory = 50e6 } = given;
  const cost = { wallMs: cpuMs, cpuMs, peakBytes: memory };
  const own = { make: { ...cost, restBytes: 40e6, startCpuMs: 60 }, apply: { ...cost, restBytes: 40e6 }, wrong: '' };
  const outcome = (bytes: number): Outcome => ({
    bytes,
    make: { wallMs: 10, cpuMs: 10, peakBytes: 20e6 },
    apply: { wallMs: 10, cpuMs: 10, peakBytes: 5e6 },
    wrong: '',
  });
  const tools = new Map<string, Outcome>([
    ['bsdiff', outcome(given.bsdiff)],
    ['ostree', outcome(given.ostree)],
    ['diffs', { ...own, bytes: given.bundle }],
    ['bundle', { ...own, bytes: given.bundle, releaseBytes: 500 }],
  ]);
  return { name, class: given.class ?? 'small', versions: '1 → 2', files: 1, largestOldBytes: 1e6, tools };
}

const met = (pairs: readonly PairFigures[], words: RegExp): boolean | undefined => {
  const verdict = judge(pairs).find(({ goal }) => words.test(goal));
  assert.ok(verdict, `${words}`);
  return verdict.met;
};

test('the goal for small changes is judged by the median of the small pairs alone', () => {
  const pairs = [
    pair('a', { bsdiff: 1000, ostree: 1000, bundle: 100 }),
    pair('b', { bsdiff: 1000, ostree: 1000, bundle: 140 }),
    pair('c', { bsdiff: 1000, ostree: 1000, bundle: 900 }),
    pair('big', { bsdiff: 1000, ostree: 1000, bundle: 999, class: 'large' }),
  ];
  assert.equal(met(pairs, /median.*bsdiff/), true);
  assert.equal(met(pairs.slice(1), /median.*bsdiff/), false);
  assert.equal(met([], /median.*bsdiff/), undefined);
});

test('one pair on which a rival is smaller by more than a hundredth misses the goal, and is named', () => {
  const good = pair('a', { bsdiff: 1000, ostree: 2000, bundle: 1010 });
  assert.equal(met([good], /1% larger/), true);
  const bad = pair('b', { bsdiff: 1000, ostree: 990, bundle: 1010 });
  const verdict = judge([good, bad]).find(({ goal }) => /1% larger/.test(goal));
  assert.equal(verdict?.met, false);
  assert.match(verdict?.found ?? '', /on 1 of 2: b 1,010 instead of 990 \(ostree, 2% more\)/);
});

test('each whole tree has to be a quarter', () => {
  const tree = (name: string, bundle: number) => pair(name, { bsdiff: 1, ostree: 1000, bundle, class: 'tree' });
  assert.equal(met([tree('x', 250), tree('y', 100)], /whole trees/), true);
  assert.equal(met([tree('x', 251), tree('y', 100)], /whole trees/), false);
});

test('the release counts for what fits a packet', () => {
  assert.equal(met([pair('wpa', { bsdiff: 1, ostree: 1, bundle: 900 })], /one packet/), true);
  assert.equal(met([pair('wpa', { bsdiff: 1, ostree: 1, bundle: 901 })], /one packet/), false);
});

test('time and memory are judged on each pair, memory without what Node is at rest', () => {
  const sizes = { bsdiff: 1, ostree: 1, bundle: 1 };
  const lean = pair('lean', { ...sizes, cpuMs: 10, memory: 55e6 });
  assert.equal(met([lean], /bspatch/), true);
  assert.equal(met([lean], /bsdiff's processor/), true);
  assert.equal(met([lean], /never more memory/), true);
  assert.equal(met([lean], /beyond the old file/), true);
  const heavy = pair('heavy', { ...sizes, cpuMs: 51, memory: 106e6 });
  assert.equal(met([lean, heavy], /bspatch/), false);
  assert.equal(met([lean, heavy], /bsdiff's processor/), false);
  assert.equal(met([lean, heavy], /never more memory/), false);
  assert.equal(met([lean, heavy], /beyond the old file/), false);
});

test('the report has a row for each pair, the verdicts, the notes and what was left out', () => {
  const pairs = [
    pair('libpng', { bsdiff: 3446, ostree: 4724, bundle: 432 }),
    { ...pair('odd', { bsdiff: 1, ostree: 1, bundle: 1 }), tools: new Map() },
  ];
  const text = reportText({
    pairs,
    missing: ['plum is left out: no suite offers plum.'],
    programs: [
      { name: 'bsdiff', recipe: 'bsdiff old/$i new/$i out/$i' },
      { name: 'bundle', recipe: '`ripple publish`' },
    ],
    dates: '2026-01-02',
    machine: '1 × abacus',
    notes: 'Why so large: words.',
  });
  assert.match(text, /\| libpng \| 1 \| 3,446 \| 432 \| \*\*432\*\* \| 932 \| 0\.125 \|/);
  assert.match(text, /\*\*Met\*\*: a real security update/);
  assert.match(text, /Why so large: words\./);
  assert.match(text, /- plum is left out/);
  assert.match(text, /1 × abacus/);
  assert.doesNotMatch(text, /NaN|undefined/);
});

test('plots survive programs that were not measured, and values beyond the scale', () => {
  const pairs = [
    pair('a<b', { bsdiff: 1, ostree: 1e6, bundle: 1 }),
    { ...pair('b', { bsdiff: 1, ostree: 1, bundle: 1 }), tools: new Map() },
  ];
  for (const svg of [bytesPlot(pairs, ['bsdiff', 'ostree']), applyingPlot(pairs)]) {
    assert.match(svg, /^<svg .*<\/svg>\n$/s);
    assert.match(svg, /a&lt;b/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  }
});

test('a section is replaced between its markers, and nothing else is touched', () => {
  const markers = { start: '<!-- x -->', end: '<!-- y -->' };
  const first = withSection('# Top\n\nold words\n', markers, 'one\n');
  assert.equal(first, '# Top\n\nold words\n\n<!-- x -->\none\n<!-- y -->\n');
  const other = withSection(`${first}after\n`, { start: '<!-- p -->', end: '<!-- q -->' }, 'other');
  assert.equal(
    withSection(other, markers, 'two'),
    '# Top\n\nold words\n\n<!-- x -->\ntwo\n<!-- y -->\nafter\n\n<!-- p -->\nother\n<!-- q -->\n',
  );
});

test('options name pairs and programs that exist; a mistake is one line', () => {
  const parse = (...args: string[]) => parseOptions(args, ['libpng', 'wpa'], ['bsdiff', 'diffs']);
  assert.deepEqual(parse('--only', 'wpa', '--tool', 'diffs', '--fresh'), {
    only: ['wpa'],
    tools: ['diffs'],
    fresh: true,
    report: false,
    quick: false,
  });
  assert.match(String(parse('--only', 'wap')), /^there is no pair "wap"; there are libpng wpa$/);
  assert.match(String(parse('--tool', 'gzip')), /^there is no program "gzip"/);
  for (const wrong of [parse('--quik'), parse('extra'), parse('--fresh', '--report')])
    assert.match(String(wrong), /^[^\n]+$/);
});
