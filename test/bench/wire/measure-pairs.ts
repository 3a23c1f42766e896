/** Every program on every pair, one after the other; what is known already is not measured again. */
import { asRippleError } from '../../../service/api/errors.ts';
import type { LeftOut, Pair } from './corpus.ts';
import type { KeptResults, Measured } from './kept.ts';
import type { WireOptions } from './options.ts';
import type { Rival } from './rival.ts';
import { type Change, changesOf } from './tree-files.ts';
import { inWorkplace } from './workplace.ts';

export interface PairResult {
  readonly pair: Pair;
  readonly changes: readonly Change[];
  /** By the name of the program. */
  readonly results: ReadonlyMap<string, Measured>;
}

export interface MeasureContext {
  readonly rivals: readonly Rival[];
  /** A folder for what is gone afterwards. */
  readonly work: string;
  readonly kept: KeptResults;
  readonly options: WireOptions;
  readonly say: (line: string) => void;
}

export function isLeftOut(pair: Pair | LeftOut): pair is LeftOut {
  return 'why' in pair;
}

export function measurePair(pair: Pair, context: MeasureContext): PairResult {
  const { rivals, work, kept, options, say } = context;
  const changes = changesOf(pair.old, pair.new);
  say(`${pair.name}: ${pair.versions}, ${changes.length} changed files`);
  const results = new Map<string, Measured>();
  for (const rival of rivals) {
    if (options.tools.length > 0 && !options.tools.includes(rival.name)) continue;
    const known = options.fresh ? undefined : kept.find(pair, rival, changes, options.report);
    if (!known && options.report) continue;
    const measured = known ?? measureOne(pair, rival, changes, work);
    if (!known && measured.outcome?.wrong === '') kept.keep(pair, rival, changes, measured);
    results.set(rival.name, measured);
    say(`  ${rival.name}: ${told(measured)}${known ? (known.isStale ? ' (kept, of other code)' : ' (kept)') : ''}`);
  }
  return { pair, changes, results };
}

function measureOne(pair: Pair, rival: Rival, changes: readonly Change[], work: string): Measured {
  const date = new Date().toISOString();
  try {
    return { outcome: inWorkplace(work, pair, changes, (place) => rival.run(place)), failed: '', date };
  } catch (error) {
    return { outcome: undefined, failed: asRippleError(error).message, date };
  }
}

function told({ outcome, failed }: Measured): string {
  if (!outcome) return `failed: ${failed}`;
  const { bytes, make, apply, wrong } = outcome;
  const cost = (what: string, one: typeof make): string =>
    one ? `, ${what} ${(one.cpuMs / 1000).toFixed(2)} s ${(one.peakBytes / 1e6).toFixed(0)} MB` : '';
  return `${bytes.toLocaleString('en')} bytes${cost('made in', make)}${cost('applied in', apply)}${wrong === '' ? '' : `, WRONG: ${wrong}`}`;
}
