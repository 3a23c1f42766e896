/**
 * A file system whose disk writes down every request. The disk is a file that qemu-storage-daemon exports through FUSE;
 * a loop device over it makes it a block device of the host's kernel, so what runs on it runs natively.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../bench/measure.ts';
import { loggedEntries } from './block-log.ts';
import { SECTOR_BYTES } from './disk-image.ts';

export interface LoggedDiskOptions {
  /** Where its files lie; in memory, if it can be. */
  readonly folder: string;
  /** A file with the file system that is there at the beginning; not changed. */
  readonly base: string;
  readonly mountPoint: string;
  readonly mountOptions?: string;
}

export class LoggedDisk {
  readonly logFile: string;
  readonly #mountPoint: string;
  readonly #exporter: ChildProcess;
  readonly #device: string;
  #mounted = true;

  private constructor(logFile: string, mountPoint: string, exporter: ChildProcess, device: string) {
    this.logFile = logFile;
    this.#mountPoint = mountPoint;
    this.#exporter = exporter;
    this.#device = device;
  }

  static async mount({ folder, base, mountPoint, mountOptions }: LoggedDiskOptions): Promise<LoggedDisk> {
    mkdirSync(folder, { recursive: true });
    mkdirSync(mountPoint, { recursive: true });
    const [disk, log, exported] = [join(folder, 'disk'), join(folder, 'log'), join(folder, 'exported')];
    copyFileSync(base, disk);
    for (const empty of [log, exported]) writeFileSync(empty, '');
    const exporter = spawn(
      'qemu-storage-daemon',
      [
        ...['--blockdev', `driver=file,node-name=file,filename=${disk}`],
        ...['--blockdev', 'driver=raw,node-name=disk,file=file,discard=unmap'],
        ...['--blockdev', `driver=file,node-name=logfile,filename=${log}`],
        '--blockdev',
        'driver=blklogwrites,node-name=logged,file=disk,log=logfile,log-sector-size=512,log-super-update-interval=1',
        '--export',
        `type=fuse,id=export,node-name=logged,mountpoint=${exported},writable=on,growable=off`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    try {
      for (let look = 0; !readFileSync('/proc/self/mounts', 'utf8').includes(` ${exported} fuse`); look++) {
        if (look > 200 || exporter.exitCode !== null) throw new Error('qemu-storage-daemon did not export the disk');
        await sleep(50);
      }
      const device = attach(exported);
      try {
        mountDevice(device, mountPoint, mountOptions);
      } catch (error) {
        detach(device);
        throw error;
      }
      return new LoggedDisk(log, mountPoint, exporter, device);
    } catch (error) {
      exporter.kill();
      throw error;
    }
  }

  /** How many requests the disk has got so far. */
  entries(): number {
    return loggedEntries(this.logFile);
  }

  /** Doing this twice is fine. The log stays. */
  async unmount(): Promise<void> {
    if (!this.#mounted) return;
    run('umount', this.#mountPoint);
    this.#mounted = false;
    detach(this.#device);
    const gone = new Promise<void>((resolve) => this.#exporter.once('exit', () => resolve()));
    this.#exporter.kill();
    await gone;
  }
}

/** Mounts whatever is on `device`. */
export function mountDevice(device: string, mountPoint: string, options?: string): void {
  forgetDisks();
  run('mount', ...(options ? ['-o', options] : []), device, mountPoint);
}

/** The kernel knows btrfs by its number, and would refuse an older state of it on another device. */
export function forgetDisks(): void {
  spawnSync('btrfs', ['device', 'scan', '--forget']);
}

/** A loop device over `file`, of sectors that are written whole or not at all. */
export function attach(file: string): string {
  return run('losetup', '--find', '--show', '--sector-size', `${SECTOR_BYTES}`, file).trim();
}

export function detach(device: string): void {
  run('losetup', '--detach', device);
}

/** Why this machine cannot log a disk; false when it can. */
export function cannotLog(): string | false {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  for (const program of ['/usr/bin/qemu-storage-daemon', '/sbin/losetup', '/sbin/mke2fs'])
    if (!existsSync(program) && !existsSync(`/usr${program}`)) return `${program} is not installed`;
  if (!existsSync('/dev/fuse') || !existsSync('/dev/loop-control')) return 'this kernel has no FUSE or no loop devices';
  return false;
}

/** A folder whose files are in memory, where there is such a place: disks in it cost no disk. */
export function memoryFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : '/tmp';
}

export function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
