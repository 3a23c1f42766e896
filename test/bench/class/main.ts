/** `npm run bench:class`: how long a class takes to get a version, ours and others'; writes its part of BENCHMARKS.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { withSection } from '../section.ts';
import { measureAlone } from './alone.ts';
import { runDaemons } from './daemons.ts';
import { type ClassFigures, type ClassRun, lastSeconds, OURS, OWN_HTTP } from './figures.ts';
import { classPlot } from './plot.ts';
import { classReport } from './report.ts';
import { RIVALS, runRival } from './rivals.ts';
import { deviations, type SimulatedRun, simulateMeasured } from './simulated.ts';
import { openStage } from './stage.ts';

const MARKERS = { start: '<!-- measured by npm run bench:class -->', end: '<!-- end of what bench:class measured -->' };

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '20' },
    laptops: { type: 'string', default: '10,20,30' },
    'without-rivals': { type: 'boolean', default: false },
    // Only one laptop is measured; the classes are those of docs/class.json.
    alone: { type: 'boolean', default: false },
  },
});
const megabytes = Number(values.megabytes);
const sizes = values.laptops.split(',').map(Number);
if (!(megabytes > 0) || sizes.some((size) => !(size > 0 && size <= 120))) {
  console.error('bench:class: use --megabytes N and --laptops N,N,… with numbers from 1 (at most 120 laptops)');
  process.exit(2);
}
const say = (line: string): void => console.log(line);
const figuresFile = join(PROJECT_ROOT, 'docs/class.json');
const known: ClassFigures | undefined = values.alone ? JSON.parse(readFileSync(figuresFile, 'utf8')) : undefined;
const stage = await openStage(megabytes);
const runs: ClassRun[] = [...(known?.runs ?? [])];
try {
  const alone = await measureAlone(stage, say);
  if (!known) await measureClasses();
  const figures: ClassFigures = { setup: known?.setup ?? stage.setup, alone, runs };
  if (values['without-rivals']) console.log(JSON.stringify(figures));
  else await write(figures);
} finally {
  stage.close();
}

async function measureClasses(): Promise<void> {
  for (const laptops of sizes) add(await runDaemons(stage, OURS, laptops, 'neighbours', say));
  // These wait for the server's link, each for its own, and need little else: together they take no longer than one.
  const most = Math.max(...sizes);
  if (values['without-rivals']) return;
  const rivals = [
    runDaemons(stage, OWN_HTTP, most, 'server-only', say),
    ...RIVALS.map((rival) => runRival(rival, stage, most, say)),
  ];
  for (const rival of await Promise.all(rivals)) add(rival);
}

async function write(figures: ClassFigures): Promise<void> {
  const simulated = await simulateMeasured(figures);
  for (const one of simulated) tell(one);
  const file = join(PROJECT_ROOT, 'BENCHMARKS.md');
  writeFileSync(figuresFile, `${JSON.stringify(figures, undefined, 1)}\n`);
  writeFileSync(join(PROJECT_ROOT, 'docs/bench-class.svg'), classPlot(figures));
  writeFileSync(file, withSection(readFileSync(file, 'utf8'), MARKERS, classReport(figures, simulated)));
}

function tell(one: SimulatedRun): void {
  const off = deviations(one);
  const far = off ? `; off by ${off.last.toFixed(0)}%, the server's bytes by ${off.server.toFixed(0)}%` : '';
  say(`simulated: ${one.way}, ${one.laptops} laptops: the last after ${one.lastSeconds.toFixed(1)} s${far}`);
}

function add(run: ClassRun): void {
  runs.push(run);
  say(
    `${run.way}, ${run.laptops} laptops: the last after ${lastSeconds(run).toFixed(1)} s; ${(run.serverBytes / 1e6).toFixed(1)} MB from the server, ${(run.allBytes / 1e6).toFixed(1)} MB in all, ${run.cpuSeconds.toFixed(0)} s of processor time`,
  );
}
