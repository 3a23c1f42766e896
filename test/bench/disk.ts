/** A disk of its own for each run: a file system in a file, on a loop device whose counters say what was written. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from './measure.ts';

const DISK_BYTES = 1 << 30;
/** Unit of the counters in /sys/block, whatever the device's own is: see Documentation/block/stat of Linux. */
const SECTOR_BYTES = 512;
const SECTORS_WRITTEN = 6;

export type BenchFileSystem = 'ext4' | 'xfs' | 'btrfs';

/** Everything a background thread of ext4 would write later is written now. */
const MAKE: Readonly<Record<BenchFileSystem, readonly [string, ...string[]]>> = {
  ext4: ['mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
};

/** Makes an empty file system. */
export function makeDisk(image: string, fileSystem: BenchFileSystem): void {
  writeFileSync(image, '');
  truncateSync(image, DISK_BYTES);
  const [program, ...options] = MAKE[fileSystem];
  run(program, ...options, image);
}

export class MountedDisk {
  readonly folder: string;
  readonly #device: string;

  private constructor(folder: string, device: string) {
    this.folder = folder;
    this.#device = device;
  }

  static mount(image: string, folder: string): MountedDisk {
    mkdirSync(folder, { recursive: true });
    const device = run('losetup', '--find', '--show', image).trim();
    try {
      run('mount', '-o', 'noatime', device, folder);
    } catch (error) {
      run('losetup', '--detach', device);
      throw error;
    }
    return new MountedDisk(folder, device);
  }

  /** Bytes that reached the device since it was set up. */
  writtenBytes(): number {
    const counters = readFileSync(`/sys/block/${basename(this.#device)}/stat`, 'utf8')
      .trim()
      .split(/\s+/);
    return Number(counters[SECTORS_WRITTEN]) * SECTOR_BYTES;
  }

  unmount(): void {
    run('umount', this.folder);
    run('losetup', '--detach', this.#device);
  }
}

/** Runs `work` on a fresh copy of the disk `image`, which is left as it was. */
export function onCopyOf<Result>(image: string, folder: string, work: (disk: MountedDisk) => Result): Result {
  const copy = `${image}.copy`;
  run('cp', '--sparse=always', image, copy);
  const disk = MountedDisk.mount(copy, folder);
  try {
    return work(disk);
  } finally {
    disk.unmount();
    rmSync(copy);
  }
}

/** Fills the disk `image` with `work`; it is unmounted afterwards. */
export function fillDisk(
  image: string,
  fileSystem: BenchFileSystem,
  folder: string,
  work: (disk: MountedDisk) => void,
): void {
  makeDisk(image, fileSystem);
  const disk = MountedDisk.mount(image, folder);
  try {
    work(disk);
  } finally {
    disk.unmount();
  }
}
