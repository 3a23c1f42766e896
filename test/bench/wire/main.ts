/** `npm run bench:wire`: what an update costs on the wire, ours and everybody's; writes its part of BENCHMARKS.md and the plots. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { type LeftOut, type Pair, packagePair, requireAptLists, TREE_NAMES, treePairs } from './corpus.ts';
import { FILE_RIVALS } from './file-rivals.ts';
import { KeptResults } from './kept.ts';
import { isLeftOut, measurePair } from './measure-pairs.ts';
import { isWhole, parseOptions, USAGE } from './options.ts';
import { ours } from './ours.ts';
import { PAIRS } from './pairs.ts';
import { TREE_RIVALS } from './tree-rivals.ts';
import { writeReport } from './write-report.ts';

const say = (line: string): void => console.log(line);
const rivals = [...FILE_RIVALS, ...TREE_RIVALS, ...ours()];
const names = [...PAIRS.map(({ name }) => name), ...TREE_NAMES];
const options = parseOptions(
  process.argv.slice(2),
  names,
  rivals.map(({ name }) => name),
);
if (typeof options === 'string') {
  console.error(`bench:wire: ${options}\n${USAGE}`);
  process.exit(2);
}

const folder = join(PROJECT_ROOT, 'build/bench-wire');
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder))
  if (isAbandoned(name)) rmSync(join(folder, name), { recursive: true, force: true });
const work = join(folder, `work-${process.pid}`);
requireAptLists(say);
const isWanted = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
const found: (Pair | LeftOut)[] = PAIRS.filter(
  (spec) => isWanted(spec.name) && (!options.quick || spec.class === 'small' || options.only.includes(spec.name)),
).map((spec) => packagePair(spec, folder, say));
if (TREE_NAMES.some((name) => (options.only.length === 0 ? !options.quick : isWanted(name))))
  found.push(...treePairs(say).filter(({ name }) => isWanted(name)));

const leftOut = found.filter(isLeftOut);
for (const { name, why } of leftOut) say(`${name} is left out: ${why}`);
const context = { rivals, work, kept: new KeptResults(join(folder, 'results')), options, say };
const results = found.flatMap((pair) => (isLeftOut(pair) ? [] : [measurePair(pair, context)]));
rmSync(work, { recursive: true, force: true });

const isRight = writeReport({ results, leftOut, rivals, toFiles: isWhole(options), say });
process.exitCode = isRight ? 0 : 1;

/** The workplaces of a run that was killed. */
function isAbandoned(name: string): boolean {
  const [, pid] = /^work-([0-9]+)$/.exec(name) ?? [];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
