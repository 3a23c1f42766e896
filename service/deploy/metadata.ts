/** Owner, mode, extended attributes and times of one entry on the disk: giving them, and comparing them. */
import { type BigIntStats, chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import type { Entry, FileEntry, Xattr } from '../core/entry.ts';
import { getXattr, listXattrs, removeXattr, setOpenTimes, setTimes, setXattr } from '../sys/libc.ts';
import { asBuffer, type DiskPath, printable } from './disk-path.ts';

const FILE_TYPE_MASK = 0o170000n;
const PERMISSION_BITS = 0o7777n;
const TYPE_BITS: Readonly<Record<Entry['type'], bigint>> = {
  file: 0o100000n,
  dir: 0o040000n,
  link: 0o120000n,
  fifo: 0o010000n,
  char: 0o020000n,
  block: 0o060000n,
};

/** Labels that the kernel's policy gives by itself: no part of a version. */
const SYSTEM_XATTRS = new Set(['security.selinux']);

/**
 * Gives a new inode what `entry` says. The order matters: a change of owner clears setuid bits and capabilities, and
 * everything but the access time moves when something is written, so times come last (of a folder: after its content).
 */
export function applyMetadata(path: DiskPath, entry: Entry): void {
  try {
    lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== 'link') chmodSync(path, entry.mode);
    setXattrs(path, entry.xattrs ?? []);
    setTimes(asBuffer(path), entry.timeNs);
  } catch (error) {
    throw explain(error, entry);
  }
}

/** As `applyMetadata`, for a file that is open anyway: no path is looked up three times more. `path` names it too. */
export function applyOpenMetadata(fd: number, path: DiskPath, entry: FileEntry): void {
  try {
    fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode);
    setXattrs(path, entry.xattrs ?? []);
    setOpenTimes(fd, entry.timeNs);
  } catch (error) {
    throw explain(error, entry);
  }
}

/** As `applyMetadata`, for an inode that had another use before: what it has already is kept, what it must not have goes. */
export function adoptMetadata(path: DiskPath, entry: Entry, now: BigIntStats): void {
  try {
    if (now.uid !== BigInt(entry.uid) || now.gid !== BigInt(entry.gid)) lchownSync(path, entry.uid, entry.gid);
    chmodSync(path, entry.mode);
    const wanted = new Set(entry.xattrs?.map(({ name }) => name));
    for (const name of listXattrs(asBuffer(path)))
      if (!wanted.has(name) && !SYSTEM_XATTRS.has(name)) removeXattr(asBuffer(path), name);
    setXattrs(path, entry.xattrs ?? []);
    setTimes(asBuffer(path), entry.timeNs);
  } catch (error) {
    throw explain(error, entry);
  }
}

function setXattrs(path: DiskPath, xattrs: readonly Xattr[]): void {
  for (const { name, value } of xattrs) setXattr(asBuffer(path), name, value);
}

function explain(error: unknown, entry: Entry): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code !== 'EPERM' && error.code !== 'EACCES') return error;
  const owner = `${entry.uid}:${entry.gid}`;
  const names = entry.xattrs?.map(({ name }) => name).join(' ');
  return new RippleError(
    'IoError',
    `${printable(entry.path)}: may not give it owner ${owner}${names ? ` and attributes ${names}` : ''}; run as root`,
    { cause: error },
  );
}

export type MetadataDifference = 'type' | 'size' | 'target' | 'device' | 'mode' | 'owner' | 'time';

/** The first thing in which an inode differs from `entry`, in a word; `undefined` when type, mode, owner, time and size agree. */
export function metadataDifference(stat: BigIntStats, entry: Entry): MetadataDifference | undefined {
  if ((stat.mode & FILE_TYPE_MASK) !== TYPE_BITS[entry.type]) return 'type';
  if (entry.type === 'file' && stat.size !== BigInt(entry.sizeBytes)) return 'size';
  if (entry.type === 'link' && stat.size !== BigInt(entry.target.length)) return 'target';
  if ((entry.type === 'char' || entry.type === 'block') && stat.rdev !== BigInt(entry.device)) return 'device';
  if (entry.type !== 'link' && (stat.mode & PERMISSION_BITS) !== BigInt(entry.mode)) return 'mode';
  if (stat.uid !== BigInt(entry.uid) || stat.gid !== BigInt(entry.gid)) return 'owner';
  if (stat.mtimeNs !== entry.timeNs) return 'time';
  return undefined;
}

/** Whether the extended attributes on the disk are the entry's, no more and no less. */
export function sameXattrs(path: DiskPath, entry: Entry): boolean {
  const bytes = asBuffer(path);
  const names = listXattrs(bytes).filter((name) => !SYSTEM_XATTRS.has(name));
  const wanted = entry.xattrs ?? [];
  return (
    names.length === wanted.length &&
    wanted.every(({ name, value }) => names.includes(name) && getXattr(bytes, name).equals(value))
  );
}
