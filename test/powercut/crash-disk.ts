/** The disk on which crash states are looked at, one after the other. */

import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../bench/measure.ts';
import type { DiskImage, Write } from './disk-image.ts';
import { attach, detach, forgetDisks } from './logged-disk.ts';
import type { StoryFileSystem } from './story.ts';

export class CrashDisk {
  readonly #folder: string;
  readonly #sizeBytes: number;
  readonly #forgets: boolean;
  #count = 0;
  #file = '';
  #device = '';

  constructor(folder: string, sizeBytes: number, fileSystem: StoryFileSystem) {
    this.#folder = folder;
    this.#forgets = fileSystem === 'btrfs';
    this.#sizeBytes = sizeBytes;
    this.#renew();
  }

  /** Puts onto the disk what `image` holds after `writes`, and mounts it. Answers why it cannot be mounted; '' if it is. */
  mount(image: DiskImage, writes: readonly Write[], mountPoint: string): string {
    image.writeTo(this.#file, writes);
    if (this.#forgets) forgetDisks();
    const mounted = spawnSync('mount', [this.#device, mountPoint], { encoding: 'utf8' });
    return mounted.status === 0 ? '' : `cannot be mounted: ${mounted.stderr.trim().slice(-100)}`;
  }

  unmount(mountPoint: string): void {
    run('umount', mountPoint);
    // Whoever made a mount namespace meanwhile has the file system mounted still: its disk must not change below it.
    if (!this.#isFree()) this.#renew();
  }

  close(): void {
    detach(this.#device);
    rmSync(this.#file, { force: true });
  }

  /** Opening a block device exclusively fails while anybody has it mounted, see open(2). */
  #isFree(): boolean {
    try {
      closeSync(openSync(this.#device, constants.O_RDONLY | constants.O_EXCL));
      return true;
    } catch {
      return false;
    }
  }

  #renew(): void {
    if (this.#device !== '') this.close();
    this.#file = join(this.#folder, `state-${this.#count++}`);
    const fd = openSync(this.#file, 'w');
    ftruncateSync(fd, this.#sizeBytes);
    closeSync(fd);
    this.#device = attach(this.#file);
  }
}
