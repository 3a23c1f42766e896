/** Subvolumes of btrfs, by ioctl(2); numbers and structures as in <linux/btrfs.h>. */
import { closeSync, constants, lstatSync, openSync, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ioctl } from './libc.ts';

const BTRFS_MAGIC = 0x9123683e;
/** Inode number of every subvolume's root. */
const ROOT_INODE = 256;
/** `_IOW(0x94, n, struct btrfs_ioctl_vol_args)`: both structures are 4,096 bytes long. */
const request = (number: number): number => 0x50009400 + number;
const SNAP_DESTROY = request(15);
const SNAP_CREATE_V2 = request(23);
const SUBVOL_CREATE_V2 = request(24);
const ARGS_BYTES = 4096;
/** Where the name stands in `btrfs_ioctl_vol_args` and in `btrfs_ioctl_vol_args_v2`. */
const NAME_AT = 8;
const NAME_AT_V2 = 56;

export function isSubvolume(path: string): boolean {
  return lstatSync(path).ino === ROOT_INODE && statfsSync(path).type === BTRFS_MAGIC;
}

/** An empty one at `path`, which must be free. */
export function createSubvolume(path: string): void {
  inParent(path, SUBVOL_CREATE_V2, NAME_AT_V2);
}

/** One at `path` with all that `source` holds; neither sees what is changed in the other. */
export function snapshotSubvolume(source: string, path: string): void {
  const fd = openSync(source, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    inParent(path, SNAP_CREATE_V2, NAME_AT_V2, fd);
  } finally {
    closeSync(fd);
  }
}

/** Its name is gone at once, its space comes back by and by. */
export function deleteSubvolume(path: string): void {
  inParent(path, SNAP_DESTROY, NAME_AT);
}

function inParent(path: string, number: number, nameAt: number, source = 0): void {
  const name = Buffer.from(basename(path));
  const args = Buffer.alloc(ARGS_BYTES);
  args.writeBigInt64LE(BigInt(source), 0);
  name.copy(args, nameAt, 0, Math.min(name.length, 255));
  const parent = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    ioctl(parent, number, args, path);
  } finally {
    closeSync(parent);
  }
}
