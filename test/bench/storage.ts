/** Staging by each back end beside what others do there. */
import { type ContestOptions, contest, type Result } from './contest.ts';
import { contestTable, machine, verdictOf } from './report.ts';
import type { Sources } from './sources.ts';
import { btrfsStagingRivals, stagingRivals, xfsStagingRivals } from './staging.ts';

export interface Storage {
  readonly date: string;
  /** By file system. */
  readonly staging: Readonly<Record<'ext4' | 'XFS' | 'btrfs', readonly Result[]>>;
}

export function measureStorage(sources: Sources, options: ContestOptions): Storage {
  return {
    date: new Date().toISOString().slice(0, 10),
    staging: {
      ext4: contest(stagingRivals(sources), options),
      XFS: contest(xfsStagingRivals(sources), { ...options, fileSystem: 'xfs' }),
      btrfs: contest(btrfsStagingRivals(sources, options.folder), { ...options, fileSystem: 'btrfs' }),
    },
  };
}

/** As BENCHMARKS.md has it. */
export function storageText({ date, staging }: Storage): string {
  const tables = Object.entries(staging).map(
    ([name, results]) => `### ${name}\n\n${contestTable(results)}\n\n${verdictOf('staging', results)}`,
  );
  return `## Staging by each back end

Measured ${date} by \`npm run bench -- storage\` on ${machine()}; the trees and the rules are those above.

${tables.join('\n\n')}`;
}
