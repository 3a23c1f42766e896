/**
 * What is recorded: a laptop that updates, done by the real daemon as a person would ask for it, on a disk that writes
 * down every request. Each time a command says that it is done, what it promised is noted with the place in the log.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../service/core/entry.ts';
import type { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { run } from '../bench/measure.ts';
import { serve } from '../helpers/blobs.ts';
import { type LaptopOptions, manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { attach, detach, LoggedDisk, mountDevice } from './logged-disk.ts';

/** What must be true from this place in the log on, until the next promise is given. 0: no version. */
export interface Promised {
  readonly what: string;
  /** Number of requests that the disk had got when it was told. */
  readonly at: number;
  readonly current: number;
  readonly previous: number;
  readonly staged: number;
  /** The current version needs no more tries. */
  readonly blessed: boolean;
  /** Gone back from: not to be offered again; 0: none. */
  readonly shunned: number;
  /** A file that versions 7 and 8 share was damaged on purpose. */
  readonly damaged: boolean;
}

/** With hard links, or with subvolumes. */
export type StoryFileSystem = 'ext4' | 'btrfs';

export interface Prepared {
  readonly fileSystem: StoryFileSystem;
  readonly folder: string;
  readonly memory: string;
  readonly base: string;
  readonly laptop: TestLaptop;
  readonly published: Published;
  readonly manifests: ReadonlyMap<number, readonly Entry[]>;
}

export interface Story extends Prepared {
  readonly logFile: string;
  readonly promises: readonly Promised[];
}

/** Called when the work is over, the last first. */
export interface Cleanup {
  after(work: () => unknown): void;
}

/** The file that is damaged, as an entry's path. */
export const VICTIM = './usr/lib/large-1.so';

const SIZE = { smallFiles: 24, largeFiles: 3, largeBytes: 90_000, changedOneIn: 2 };
/** Each the least that does. */
const DISK_BYTES: Readonly<Record<StoryFileSystem, number>> = { ext4: 40 << 20, btrfs: 128 << 20 };
const VERSIONS = [6, 7, 8];
const AT_FIRST = { current: 6, previous: 0, staged: 0, blessed: true, shunned: 0, damaged: false };

/** As small as this story, and everything of it written at once: nothing is left to a thread of the kernel. */
function makeFileSystem(image: string, fileSystem: StoryFileSystem): void {
  writeFileSync(image, '');
  truncateSync(image, DISK_BYTES[fileSystem]);
  if (fileSystem === 'btrfs') return void run('mkfs.btrfs', '-q', '-f', '-m', 'single', image);
  const extended = 'lazy_itable_init=0,lazy_journal_init=0,nodiscard';
  run('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', '-J', 'size=4', '-N', '2048', '-E', extended, image);
}

/** `folder` holds what is published and the laptop; `memory` the disk, with version 6 on it, and its log. */
export async function prepare(
  t: Cleanup,
  folder: string,
  memory: string,
  seed: number,
  fileSystem: StoryFileSystem = 'ext4',
): Promise<Prepared> {
  const trees = makeSeededTrees(folder, seed, SIZE);
  const newest = join(folder, 'tree-8');
  run('cp', '-a', trees.newer, newest);
  for (const name of ['usr/lib/large-0.so', 'usr/share/d3/small-3']) {
    const bytes = readFileSync(join(newest, name));
    writeFileSync(join(newest, name), Buffer.concat([bytes, Buffer.from('8')]));
  }
  writeFileSync(join(newest, 'etc/version'), '8\n');
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
    [8, newest],
  ]);
  const server = await serve(t, published.repository);
  const options = { folder: join(folder, 'laptop'), published, config: { origins: [server.url] } };
  const laptop = await TestLaptop.empty(t, options);
  const base = join(memory, 'base');
  makeFileSystem(base, fileSystem);
  const device = attach(base);
  try {
    mountDevice(device, laptop.virtual.sysroot);
    await laptop.install(published, 6).finally(() => run('umount', laptop.virtual.sysroot));
  } finally {
    detach(device);
  }
  const entries = (version: number): Entry[] => parseManifest(readFileSync(manifestOf(published, version)));
  const manifests = new Map(VERSIONS.map((version) => [version, entries(version)]));
  return { fileSystem, folder, memory, base, laptop, published, manifests };
}

/** `what` came true, and changed these. */
export type Tell = (what: string, change?: Partial<Promised>) => void;

export interface RecordOptions {
  readonly mountOptions?: string;
  /** Other circumstances for the daemon. */
  readonly hardware?: Partial<Pick<LaptopOptions, 'prefix'>>;
}

/** Records `act` from the prepared disk on, until the file system is unmounted. */
export async function record(
  t: Cleanup,
  prepared: Prepared,
  act: (virtual: VirtualLaptop, tell: Tell) => Promise<void>,
  { mountOptions, hardware }: RecordOptions = {},
): Promise<Story> {
  const { memory, base, laptop } = prepared;
  const virtual = laptop.hardware(hardware);
  const disk = await LoggedDisk.mount({
    folder: memory,
    base,
    mountPoint: virtual.sysroot,
    ...(mountOptions ? { mountOptions } : {}),
  });
  t.after(async () => {
    await virtual.stop();
    await disk.unmount();
  });
  const promises: Promised[] = [];
  const tell: Tell = (what, change = {}) => {
    promises.push({ ...(promises.at(-1) ?? AT_FIRST), ...change, what, at: disk.entries() });
  };
  tell('prepared');
  await act(virtual, tell);
  await virtual.stop();
  await disk.unmount();
  return { ...prepared, logFile: disk.logFile, promises };
}

/** Two updates, a change of mind, and a file that went bad. */
export async function wholeLife(
  { laptop, published, folder }: Prepared,
  virtual: VirtualLaptop,
  tell: Tell,
): Promise<void> {
  await oneUpdate(laptop, virtual, tell);
  await virtual.restart();
  tell('blessed 7', { blessed: true });
  await laptop.ok('get', '8');
  tell('staged 8', { staged: 8 });
  await laptop.ok('accept', '8');
  tell('chose 8', { current: 8, previous: 7, staged: 0, blessed: false });
  await virtual.restart();
  tell('blessed 8, removed 6', { blessed: true });
  await laptop.ok('rollback');
  tell('went back to 7', { current: 7, previous: 8, shunned: 8 });
  await virtual.restart();
  tell('started 7 again');
  tell('about to be damaged', { damaged: true });
  damage(join(laptop.tree(7), VICTIM), join(laptop.tree(8), VICTIM), join(folder, 'times'));
  tell('damaged');
  await laptop.ok('repair');
  tell('repaired', { damaged: false });
  assert.match(await laptop.ok('verify'), / 0 differ/);
  for (const version of [7, 8]) laptop.assertTree(published, version);
}

/** Up to the choice. */
export async function oneUpdate(laptop: TestLaptop, virtual: VirtualLaptop, tell: Tell): Promise<void> {
  await virtual.start();
  tell('started 6');
  await laptop.ok('get', '7');
  tell('staged 7', { staged: 7 });
  await laptop.ok('accept', '7');
  tell('chose 7', { current: 7, previous: 6, staged: 0, blessed: false });
}

/** As a bad sector would: other bytes in the inode that both versions share, and the times as before. */
function damage(file: string, other: string, times: string): void {
  // On btrfs the same number, too, and the same extents, but another inode.
  assert.equal(statSync(file).ino, statSync(other).ino, 'both versions share the file');
  writeFileSync(times, '');
  run('touch', '-r', file, times);
  run('sh', '-c', `printf damage | dd of='${file}' conv=notrunc bs=1 seek=5000 status=none`);
  run('touch', '-r', times, file);
  run('sync', '-f', file);
}
