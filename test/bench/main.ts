/**
 * `npm run bench`: Ripple beside rsync and OSTree doing the same job, and what it adds to a start; writes BENCHMARKS.md and its
 * plots. Usage: main.js [boot]: only the start.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { bootText, measureBootTime } from './boot-time.ts';
import { contest } from './contest.ts';
import { measureDaemonMemory } from './daemon-memory.ts';
import { measureFirstByte } from './first-byte.ts';
import { publishingRivals } from './publishing.ts';
import { plot, reportText } from './report.ts';
import { measureScrubLoad } from './scrub-load.ts';
import { type SectionMarkers, withSection } from './section.ts';
import { makeSources } from './sources.ts';
import { btrfsStagingRivals, stagingRivals, xfsStagingRivals } from './staging.ts';

const RUNS = 5;
const REST_SECONDS = 10;
const BOOT_MARKERS = { start: '<!-- measured by npm run bench boot -->', end: '<!-- end of the start -->' };
const MARKERS = { start: '<!-- measured by npm run bench -->', end: '<!-- end of what was measured -->' };

const say = (line: string): void => console.log(line);
const folder = mkdtempSync(join(tmpdir(), 'ripple-bench-'));
try {
  if (process.argv[2] !== 'boot') await measureThePrograms();
  write(BOOT_MARKERS, bootText(await measureBootTime(folder, RUNS, say), RUNS));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function write(markers: SectionMarkers, text: string): void {
  const file = join(PROJECT_ROOT, 'BENCHMARKS.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n';
  writeFileSync(file, withSection(before, markers, text));
  say(text);
}

async function measureThePrograms(): Promise<void> {
  const sources = makeSources(folder, say);
  const options = { folder, runs: RUNS, say };
  const figures = {
    date: new Date().toISOString().slice(0, 10),
    kernel: release(),
    staging: contest(stagingRivals(sources), options),
    stagingOnXfs: contest(xfsStagingRivals(sources), { ...options, fileSystem: 'xfs' }),
    stagingOnBtrfs: contest(btrfsStagingRivals(sources, folder), { ...options, fileSystem: 'btrfs' }),
    scrub: await measureScrubLoad(sources),
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
