/** Room on the disk: counted before the first byte is fetched, and said with both numbers when it is too little. */
import { statfsSync } from 'node:fs';
import { NoSpaceError, RippleError } from '../api/errors.ts';
import type { StagePlan } from '../core/plan.ts';
import { RESERVE_BYTES } from '../sys/disk-room.ts';
import { type Deployment, deploymentName, type Layout } from './layout.ts';

/** A name in a folder, and its share of the folder's index. */
const NAME_BYTES = 64;
/** An inode of a file system that makes them as it needs them, and the record of an extent that is shared. */
const CLONE_BYTES = 1024;

export interface NeedOptions {
  readonly reserveBytes?: number;
  readonly hereBytes?: number;
  /** A file that is shared is a new inode with old extents, not one more name. */
  readonly clones?: boolean;
}

export interface Need {
  readonly bytes: number;
  /** New inodes. */
  readonly inodes: number;
}

/**
 * What fetching and staging by `plan` takes from a file system whose blocks are `blockBytes` long. Content counts in whole
 * blocks; blobs become files of the tree, so they count once. `hereBytes`: what lies in partial downloads already.
 */
export function bytesNeeded(plan: StagePlan, options: NeedOptions & { readonly blockBytes: number }): Need {
  const { blockBytes } = options;
  const blocks = (bytes: number) => Math.ceil(bytes / blockBytes) * blockBytes;
  let bytes = options.reserveBytes ?? RESERVE_BYTES;
  let inodes = 0;
  const placed = new Set<string>();
  for (const { sizeBytes } of plan.fetch) bytes += blocks(sizeBytes);
  for (const { kind, entry } of plan.steps) {
    bytes += NAME_BYTES;
    if (kind === 'link' && options.clones) bytes += CLONE_BYTES;
    if (kind === 'link' || kind === 'peer') continue;
    inodes++;
    if (entry.type === 'dir') bytes += blockBytes;
    if (entry.xattrs) bytes += blockBytes;
    if (entry.type !== 'file') continue;
    if (kind === 'copy' || placed.has(entry.sha256)) bytes += blocks(entry.sizeBytes);
    // The cache's file is kept beside a sparse copy of it until the commit.
    else if (entry.sparse) bytes += blocks(entry.sizeBytes);
    placed.add(entry.sha256);
  }
  return { bytes: Math.max(0, bytes - (options.hereBytes ?? 0)), inodes };
}

/** Bytes that `plan` takes from the file system of the sysroot, without a reserve: for what needs room besides. */
export function stageBytes(layout: Layout, plan: StagePlan, hereBytes: number): number {
  return bytesNeeded(plan, { blockBytes: statfsSync(layout.sysroot).bsize, reserveBytes: 0, hereBytes }).bytes;
}

/** Throws `NoSpace` when the file system of the sysroot cannot take what `plan` needs. */
export function assertRoom(layout: Layout, plan: StagePlan, options: NeedOptions = {}): void {
  const disk = statfsSync(layout.sysroot);
  const need = bytesNeeded(plan, { blockBytes: disk.bsize, ...options });
  const freeBytes = disk.bavail * disk.bsize;
  if (need.bytes > freeBytes) throw new NoSpaceError(layout.sysroot, need.bytes, freeBytes);
  // Some file systems make inodes as they need them and say that they have none.
  if (disk.files > 0 && need.inodes > disk.ffree)
    throw new RippleError(
      'NoSpace',
      `not enough room on ${layout.sysroot}: ${need.inodes} new files needed, ${disk.ffree} possible; make room and try again`,
    );
}

/** For the disk that filled up although it had been counted: somebody else wrote meanwhile. Called before the clean-up. */
export function noSpaceDuringStage(
  layout: Layout,
  target: Deployment,
  plan: StagePlan,
  cause: RippleError,
): RippleError {
  if (cause instanceof NoSpaceError) return cause;
  const disk = statfsSync(layout.sysroot);
  const need = bytesNeeded(plan, { blockBytes: disk.bsize });
  return new NoSpaceError(`${layout.sysroot} for ${deploymentName(target)}`, need.bytes, disk.bavail * disk.bsize);
}
