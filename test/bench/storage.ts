/** What a laptop does to its disk: staging by each back end beside what others do there, and reading every file again. */
import { type ContestOptions, contest, type Result } from './contest.ts';
import { contestTable, machine, megabytes, verdictOf } from './report.ts';
import { measureScrubLoad, type ScrubLoad } from './scrub-load.ts';
import type { Sources } from './sources.ts';
import { btrfsStagingRivals, stagingRivals, xfsStagingRivals } from './staging.ts';

export interface Storage {
  readonly date: string;
  /** By file system. */
  readonly staging: Readonly<Record<'ext4' | 'XFS' | 'btrfs', readonly Result[]>>;
  readonly scrub: ScrubLoad;
}

export async function measureStorage(sources: Sources, options: ContestOptions): Promise<Storage> {
  return {
    date: new Date().toISOString().slice(0, 10),
    staging: {
      ext4: contest(stagingRivals(sources), options),
      XFS: contest(xfsStagingRivals(sources), { ...options, fileSystem: 'xfs' }),
      btrfs: contest(btrfsStagingRivals(sources, options.folder), { ...options, fileSystem: 'btrfs' }),
    },
    scrub: await measureScrubLoad(sources),
  };
}

/** As BENCHMARKS.md has it. */
export function storageText({ date, staging, scrub }: Storage): string {
  const tables = Object.entries(staging).map(
    ([name, results]) => `### ${name}\n\n${contestTable(results)}\n\n${verdictOf('staging', results)}`,
  );
  return `## Staging by each back end

Measured ${date} by \`npm run bench -- storage\` on ${machine()}; the trees and the rules are those above.

${tables.join('\n\n')}

## Reading every file again in idle time

At the default rate (${megabytes(scrub.rateBytesPerSecond)} MB a second) it reads ${megabytes(scrub.readBytesPerSecond)} MB a second and takes ${scrub.cpuPercent.toFixed(1)}% of one processor (${scrub.cpuMsPerMegabyte.toFixed(1)} ms for a megabyte); without a bound it would read ${megabytes(scrub.fullBytesPerSecond)} MB a second.`;
}
