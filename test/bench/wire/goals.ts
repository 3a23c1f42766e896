/** What the figures should be, and whether they are. Pure. */
import { spread } from '../statistics.ts';
import { BUNDLE, bestRival, bytesOf, DIFFS, type PairFigures, ratio, updateBytesOf, workBytes } from './figures.ts';
import type { ToolCost } from './rival.ts';

export interface Verdict {
  readonly goal: string;
  /** Undefined: nothing was measured that it speaks of. */
  readonly met: boolean | undefined;
  /** What was found instead, in figures. */
  readonly found: string;
}

const SMALL_RATIO = 0.15;
const TREE_RATIO = 0.25;
/** "Not larger" leaves this much room. */
const WORSE = 1.01;
const PACKET_BYTES = 1400;
const PACKET_PAIRS = ['libpng', 'libpng in a system', 'libarchive', 'wpa', 'wpa in a system'];
const APPLY_BYTES = 64e6;
const MAKE_FACTOR = 5;

export function judge(pairs: readonly PairFigures[]): Verdict[] {
  return [
    smallPairs(pairs, 'bsdiff', "the sum of bsdiff's patches"),
    smallPairs(pairs, 'ostree', "ostree's static delta"),
    notLarger(pairs),
    wholeTrees(pairs),
    onePacket(pairs),
    factor(pairs, 'apply', 1),
    applyMemory(pairs),
    factor(pairs, 'make', MAKE_FACTOR),
    makeMemory(pairs),
  ];
}

function defined<T, R>(items: readonly T[], of: (item: T) => R | undefined): R[] {
  return items.flatMap((item) => {
    const value = of(item);
    return value === undefined ? [] : [value];
  });
}

function smallPairs(pairs: readonly PairFigures[], rival: string, what: string): Verdict {
  const small = pairs.filter((pair) => pair.class === 'small');
  const alone = spread(defined(small, (pair) => ratio(bytesOf(pair, BUNDLE), bytesOf(pair, rival))));
  const signed = spread(defined(small, (pair) => ratio(updateBytesOf(pair), bytesOf(pair, rival))));
  return {
    goal: `small changes: the median bundle is at most ${SMALL_RATIO} of ${what}`,
    met: Number.isNaN(alone.median) ? undefined : alone.median <= SMALL_RATIO,
    found: `${alone.median.toFixed(3)} (${alone.min.toFixed(3)}–${alone.max.toFixed(3)}, ${small.length} pairs); with the signed release ${signed.median.toFixed(3)}`,
  };
}

function notLarger(pairs: readonly PairFigures[]): Verdict {
  const compared = defined(pairs, (pair) => {
    const [own, best] = [bytesOf(pair, BUNDLE), bestRival(pair)];
    return own === undefined || !best ? undefined : { pair, own, best };
  });
  const larger = compared.filter(({ own, best }) => own > best.bytes * WORSE);
  const each = larger.map(
    ({ pair, own, best }) =>
      `${pair.name} ${count(own)} instead of ${count(best.bytes)} (${best.name}, ${percent(own / best.bytes)} more)`,
  );
  return {
    goal: 'on no pair is the bundle more than 1% larger than what the best rival sends',
    met: compared.length === 0 ? undefined : larger.length === 0,
    found:
      larger.length === 0
        ? `on none of ${compared.length}`
        : `on ${larger.length} of ${compared.length}: ${each.join('; ')}`,
  };
}

function wholeTrees(pairs: readonly PairFigures[]): Verdict {
  const trees = defined(
    pairs.filter((pair) => pair.class === 'tree'),
    (pair) => {
      const of = ratio(bytesOf(pair, BUNDLE), bytesOf(pair, 'ostree'));
      return of === undefined ? undefined : { name: pair.name, of };
    },
  );
  return {
    goal: `whole trees: the bundle is at most a quarter of ostree's static delta`,
    met: trees.length === 0 ? undefined : trees.every(({ of }) => of <= TREE_RATIO),
    found: trees.map(({ name, of }) => `${name} ${of.toFixed(3)}`).join('; '),
  };
}

function onePacket(pairs: readonly PairFigures[]): Verdict {
  const known = pairs.filter((pair) => PACKET_PAIRS.includes(pair.name));
  const sizes = defined(known, (pair) => {
    const bytes = updateBytesOf(pair);
    return bytes === undefined ? undefined : { name: pair.name, bytes };
  });
  return {
    goal: `a real security update, manifest change and signature included, fits one packet of ${count(PACKET_BYTES)} bytes`,
    met: sizes.length === 0 ? undefined : sizes.some(({ bytes }) => bytes <= PACKET_BYTES),
    found: sizes.map(({ name, bytes }) => `${name} ${count(bytes)}`).join('; '),
  };
}

/** Processor time beside bsdiff's or bspatch's, on each pair. */
function factor(pairs: readonly PairFigures[], what: 'make' | 'apply', limit: number): Verdict {
  const parts = [DIFFS, BUNDLE].map((tool) => {
    const compared = defined(pairs, (pair) => {
      const [own, other] = [pair.tools.get(tool)?.[what], pair.tools.get('bsdiff')?.[what]];
      return own && other ? { name: pair.name, own: own.cpuMs, other: Math.max(other.cpuMs, 1) } : undefined;
    });
    const slower = compared.filter(({ own, other }) => own > limit * other);
    const [worst] = compared.toSorted((a, b) => b.own / b.other - a.own / a.other);
    const sum = (of: 'own' | 'other'): string => seconds(compared.reduce((all, one) => all + one[of], 0));
    const found =
      worst === undefined
        ? ''
        : `${tool}: kept on ${compared.length - slower.length} of ${compared.length} pairs, at worst ${(worst.own / worst.other).toFixed(1)} times (${worst.name}: ${seconds(worst.own)} instead of ${seconds(worst.other)}), all pairs together ${sum('own')} instead of ${sum('other')}`;
    return { found, met: worst === undefined ? undefined : slower.length === 0 };
  });
  return {
    goal:
      what === 'apply'
        ? 'applying takes no more processor time than bspatch does'
        : `making takes at most ${limit} times bsdiff's processor time`,
    met: parts[0]?.met,
    found: parts.map(({ found }) => found).join('; '),
  };
}

function applyMemory(pairs: readonly PairFigures[]): Verdict {
  const beyond = pairs.flatMap((pair) =>
    [DIFFS, BUNDLE].flatMap((tool) => {
      const cost = pair.tools.get(tool)?.apply;
      return cost ? [{ name: `${pair.name} (${tool})`, bytes: workBytes(cost) - pair.largestOldBytes }] : [];
    }),
  );
  const over = beyond.filter(({ bytes }) => bytes >= APPLY_BYTES);
  const [most] = beyond.toSorted((a, b) => b.bytes - a.bytes);
  return {
    goal: `applying takes less than ${megabytes(APPLY_BYTES)} beyond the old file`,
    met: most === undefined ? undefined : over.length === 0,
    found:
      most === undefined
        ? ''
        : `kept in ${beyond.length - over.length} of ${beyond.length} cases, at most ${megabytes(most.bytes)} (${most.name})`,
  };
}

function makeMemory(pairs: readonly PairFigures[]): Verdict {
  const compared = defined(pairs, (pair) => {
    const [own, other] = [pair.tools.get(DIFFS)?.make, pair.tools.get('bsdiff')?.make];
    return own && other ? { name: pair.name, own, other: other.peakBytes } : undefined;
  });
  const more = (of: (cost: ToolCost) => number): readonly (typeof compared)[number][] =>
    compared.filter(({ own, other }) => of(own) > other);
  const over = more(workBytes);
  const whole = more(({ peakBytes }) => peakBytes);
  const [worst] = over.toSorted((a, b) => workBytes(b.own) - b.other - (workBytes(a.own) - a.other));
  const example = worst
    ? `, most of all ${worst.name}: ${megabytes(workBytes(worst.own))} instead of ${megabytes(worst.other)}`
    : '';
  return {
    goal: 'making takes never more memory than bsdiff does',
    met: compared.length === 0 ? undefined : over.length === 0,
    found: `more on ${over.length} of ${compared.length} pairs${example}; counted with what Node is at rest, on ${whole.length}`,
  };
}

const count = (value: number): string => value.toLocaleString('en');
const percent = (of: number): string => `${((of - 1) * 100).toFixed(0)}%`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
