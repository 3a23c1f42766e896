/** What a file system can take, counted before a byte is written. */
import type { StatsFs } from 'node:fs';
import { NoSpaceError, RippleError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';

/** `f_type` of FAT file systems, see statfs(2). */
const MSDOS_MAGIC = 0x4d44;
const FAT_MOST_BYTES = 2 ** 32 - 1;
/** Documents, and the folders for the blobs. */
const BESIDES_BYTES = 1 << 20;
/** Of a name of 64 characters in a folder, on any file system. */
const NAME_BYTES = 256;

export type Disk = Pick<StatsFs, 'type' | 'bsize' | 'bavail'>;

/** @throws RippleError `InvalidArgument` naming the blob; `NoSpaceError` with both numbers */
export function requireRoom(where: string, disk: Disk, missing: readonly BlobRef[]): void {
  const large = missing.find(({ sizeBytes }) => sizeBytes > FAT_MOST_BYTES);
  if (large && disk.type === MSDOS_MAGIC)
    throw new RippleError(
      'InvalidArgument',
      `${where} is a FAT file system, which takes files up to 4 GiB: blob ${large.sha256} has ${large.sizeBytes} bytes; use a stick with exFAT or ext4`,
    );
  let neededBytes = BESIDES_BYTES;
  for (const { sizeBytes } of missing) neededBytes += Math.ceil(sizeBytes / disk.bsize) * disk.bsize + NAME_BYTES;
  const freeBytes = disk.bavail * disk.bsize;
  if (neededBytes > freeBytes) throw new NoSpaceError(where, neededBytes, freeBytes);
}
