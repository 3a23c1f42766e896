/** Several programs doing the same job on equal disks, turn by turn, so that whatever else the machine does hits all alike. */
import { join } from 'node:path';
import { type BenchFileSystem, fillDisk, type MountedDisk, onCopyOf } from './disk.ts';
import { type Cost, measure, run } from './measure.ts';
import { type Spread, spread } from './statistics.ts';

export interface Rival {
  readonly name: string;
  /** What it does, as a reader could type it. */
  readonly does: string;
  /** Puts onto an empty disk what this program has before the job. */
  prepare(mount: string): void;
  /** The job, as a shell command; the flush at its end is added for everybody. */
  job(mount: string): string;
  /** Looks at the result of a run; answers what is wrong with it, or ''. */
  judge(mount: string): string;
}

export interface RunCost extends Cost {
  /** What reached the disk, the file system's own journal and tables too. */
  readonly writtenBytes: number;
}

export interface Result {
  readonly rival: Rival;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakBytes: Spread;
  readonly writtenBytes: Spread;
  readonly runs: readonly RunCost[];
  /** What the judge had to say of the last run; '': nothing. */
  readonly verdict: string;
}

export interface ContestOptions {
  readonly folder: string;
  readonly runs: number;
  /** ext4 when it is not given. */
  readonly fileSystem?: BenchFileSystem;
  readonly say: (line: string) => void;
}

/** `A B C A B C …`; the first round warms the caches and does not count. */
export function contest(
  rivals: readonly Rival[],
  { folder, runs, fileSystem = 'ext4', say }: ContestOptions,
): Result[] {
  const mount = join(folder, 'mount');
  const imageOf = (index: number): string => join(folder, `disk-${index}`);
  for (const [index, rival] of rivals.entries())
    fillDisk(imageOf(index), fileSystem, mount, ({ folder: at }) => rival.prepare(at));
  const costs: RunCost[][] = rivals.map(() => []);
  const verdicts = rivals.map(() => '');
  for (let round = 0; round <= runs; round++) {
    for (const [index, rival] of rivals.entries()) {
      const cost = onCopyOf(imageOf(index), mount, (disk) => {
        const one = runOnce(rival, disk, folder);
        if (round === runs) verdicts[index] = rival.judge(mount);
        return one;
      });
      say(`${rival.name}: ${cost.wallMs.toFixed(0)} ms${round === 0 ? ' (warming up)' : ''}`);
      if (round > 0) costs[index]?.push(cost);
    }
  }
  return rivals.map((rival, index) => {
    const own = costs[index] ?? [];
    const of = (key: keyof RunCost): Spread => spread(own.map((cost) => cost[key]));
    return {
      rival,
      wallMs: of('wallMs'),
      cpuMs: of('cpuMs'),
      peakBytes: of('peakBytes'),
      writtenBytes: of('writtenBytes'),
      runs: own,
      verdict: verdicts[index] ?? '',
    };
  });
}

function runOnce(rival: Rival, disk: MountedDisk, folder: string): RunCost {
  // A fresh mount knows nothing yet: everybody starts with the names on the disk in memory, and nothing left to flush.
  run('find', disk.folder, '-ls');
  run('sync', '-f', disk.folder);
  const before = disk.writtenBytes();
  const cost = measure(`${rival.job(disk.folder)} && sync -f '${disk.folder}'`, folder);
  return { ...cost, writtenBytes: disk.writtenBytes() - before };
}
