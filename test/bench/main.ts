/**
 * `npm run bench`: Ripple beside rsync and OSTree doing the same job, and what it adds to a start; writes BENCHMARKS.md and its
 * plots. Usage: main.js [screens | storage | scrub | boot] [RUNS]: only the screens, the back ends, the scrub, or the start; each RUNS times.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { bootText, measureBootTime } from './boot-time.ts';
import { contest } from './contest.ts';
import { measureDaemonMemory } from './daemon-memory.ts';
import { measureFirstByte } from './first-byte.ts';
import { publishingRivals } from './publishing.ts';
import { plot, reportText } from './report.ts';
import { screensText } from './screens.ts';
import { measureScrubLoad, scrubText } from './scrub-load.ts';
import { type SectionMarkers, withSection } from './section.ts';
import { makeSources, type Sources } from './sources.ts';
import { stagingRivals } from './staging.ts';
import { measureStorage, storageText } from './storage.ts';

const REST_SECONDS = 10;
const BOOT_MARKERS = { start: '<!-- measured by npm run bench boot -->', end: '<!-- end of the start -->' };
const MARKERS = { start: '<!-- measured by npm run bench -->', end: '<!-- end of what was measured -->' };

const STORAGE_MARKERS = { start: '<!-- measured by npm run bench storage -->', end: '<!-- end of the back ends -->' };

const SCRUB_MARKERS = { start: '<!-- measured by npm run bench scrub -->', end: '<!-- end of the scrub -->' };
const SCREENS_MARKERS = {
  start: '<!-- measured by npm run bench screens -->',
  end: '<!-- end of the screens -->',
};
/** In their order; without a word all of them, and the programs before. */
const PARTS = ['screens', 'storage', 'scrub', 'boot'];

const [only, runsWanted = '5'] = process.argv.slice(2);
const RUNS = Number(runsWanted);
if (only !== undefined && !PARTS.includes(only)) {
  console.error(`bench: there is no part "${only}": ${PARTS.join(', ')}, or none for all`);
  process.exit(2);
}
if (!Number.isInteger(RUNS) || RUNS < 1) {
  console.error(`bench: RUNS must be a whole number above 0, not ${runsWanted}`);
  process.exit(2);
}
const say = (line: string): void => console.log(line);
const folder = mkdtempSync(join(tmpdir(), 'ripple-bench-'));
try {
  const isWanted = (part: string): boolean => only === undefined || only === part;
  if (isWanted('screens')) write(SCREENS_MARKERS, await screensText());
  if (only !== 'boot' && only !== 'screens') {
    const sources = makeSources(folder, say);
    if (only === undefined) await measureThePrograms(sources);
    if (isWanted('storage')) write(STORAGE_MARKERS, storageText(measureStorage(sources, { folder, runs: RUNS, say })));
    if (isWanted('scrub')) write(SCRUB_MARKERS, scrubText(await measureScrubLoad(sources)));
  }
  if (isWanted('boot')) write(BOOT_MARKERS, bootText(await measureBootTime(folder, RUNS, say), RUNS));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function write(markers: SectionMarkers, text: string): void {
  const file = join(PROJECT_ROOT, 'BENCHMARKS.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n';
  writeFileSync(file, withSection(before, markers, text));
  say(text);
}

async function measureThePrograms(sources: Sources): Promise<void> {
  const options = { folder, runs: RUNS, say };
  const figures = {
    date: new Date().toISOString().slice(0, 10),
    staging: contest(stagingRivals(sources), options),
    publishingNext: contest(publishingRivals(sources, 'next'), options),
    publishingFirst: contest(publishingRivals(sources, 'first'), options),
    memory: await measureDaemonMemory(sources, { folder, restSeconds: REST_SECONDS, say }),
    firstByte: await measureFirstByte(sources, folder, RUNS),
  };
  const text = reportText(figures);
  writeFileSync(
    join(PROJECT_ROOT, 'docs/bench-staging.svg'),
    plot('Staging beside the running version', figures.staging),
  );
  writeFileSync(
    join(PROJECT_ROOT, 'docs/bench-publishing.svg'),
    plot('Publishing the next version', figures.publishingNext),
  );
  write(MARKERS, text);
}
