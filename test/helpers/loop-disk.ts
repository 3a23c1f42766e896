/** A disk of its own: an ext4 file system in a file, mounted over a loop device. Needs root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

export interface LoopDiskOptions {
  readonly image: string;
  /** Where it is mounted; made if it is not there. */
  readonly mountPoint: string;
  readonly megabytes: number;
  /** What is on it at first. */
  readonly content?: string;
}

/** Mounted until the test ends. */
export function mountLoopDisk(t: Pick<TestContext, 'after'>, options: LoopDiskOptions): void {
  const { image, mountPoint, megabytes, content } = options;
  writeFileSync(image, '');
  truncateSync(image, megabytes * 1024 * 1024);
  const from = content === undefined ? [] : ['-d', content];
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-m', '0', ...from, image], { stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(mountPoint, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, mountPoint]);
  t.after(() => execFileSync('umount', ['--lazy', mountPoint]));
}
