/** A file system of a kind that a laptop may have, in a sparse file, mounted while a test runs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../bench/measure.ts';

export type FileSystem = 'ext4' | 'xfs' | 'btrfs';

const MAKE: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['mke2fs', '-q', '-F', '-t', 'ext4'],
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
};
/** The least that mkfs.xfs takes. */
const SIZE_BYTES = 320 << 20;

/** Why there is no such file system here, in words that a reader of the results sees; false when there is. */
export function fileSystemMissing(kind: FileSystem): string | false {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (spawnSync('which', [MAKE[kind][0] ?? '']).status !== 0) return `NOT TESTED: ${MAKE[kind][0]} is not installed`;
  spawnSync('modprobe', [kind]);
  const known = readFileSync('/proc/filesystems', 'utf8')
    .split('\n')
    .some((line) => line.trim() === kind);
  return known ? false : `NOT TESTED: this kernel has no ${kind}`;
}

/** Answers where it is mounted. Its file lies below `where`. */
export function mountFileSystem(
  t: Pick<TestContext, 'after'>,
  kind: FileSystem,
  sizeBytes = SIZE_BYTES,
  where = tmpdir(),
): string {
  const folder = mkdtempSync(join(where, `${kind}-`));
  // Ordinary users work in it, too.
  chmodSync(folder, 0o711);
  const [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  const fd = openSync(image, 'w');
  ftruncateSync(fd, sizeBytes);
  closeSync(fd);
  const [program = '', ...args] = MAKE[kind];
  // One hook: they are called in the order they were given in, and a folder cannot go while something is mounted in it.
  t.after(() => {
    // Lazily where a test failed and something of it still runs there.
    if (spawnSync('umount', [mount]).status !== 0) spawnSync('umount', ['-l', mount]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  run(program, ...args, image);
  mkdirSync(mount);
  run('mount', '-o', 'loop', image, mount);
  return mount;
}
