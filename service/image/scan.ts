/** Everything of a tree but the bytes of its files. */
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import type { ByteString, Entry, Xattr } from '../core/entry.ts';
import { getXattr, listXattrs, seekHole } from '../sys/libc.ts';
import { compareBytes, displayPath } from './entries.ts';
import { type Identity, identityOf, readError } from './unchanged.ts';

type Base = Pick<Entry, 'path' | 'mode' | 'uid' | 'gid' | 'timeNs' | 'xattrs'>;

/** One entry as it lies on disk. A regular file still wants its hash, and its place in a hard-link group. */
export type Found = { readonly diskPath: ByteString; readonly identity: Identity } & (
  | {
      readonly kind: 'file';
      readonly base: Base;
      readonly sizeBytes: number;
      readonly sparse: boolean;
      readonly links: bigint;
    }
  | { readonly kind: 'complete'; readonly entry: Entry }
);

export interface Scan {
  /** Sorted by the bytes of the path. */
  readonly found: readonly Found[];
  /** What was left out, one line each. */
  readonly warnings: readonly string[];
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of entries so far. */
  readonly onEntries?: ((count: number) => void) | undefined;
  /** What is no part of the tree: nothing below it is looked at, and something may be mounted there. */
  readonly leaveOut?: ((path: ByteString, isLink: boolean) => boolean) | undefined;
}

/** Other work of the process gets its turn after so many entries. */
const ENTRIES_PER_TURN = 512;

/**
 * @throws RippleError `IoError` for what cannot be read, `InvalidArgument` when something is mounted inside the tree: half
 * of what would be published is not part of it
 */
export async function scanTree(root: string, options: ScanOptions = {}): Promise<Scan> {
  // A link to a folder will do as the root; below it none is followed.
  const rootPath = attempt(Buffer.from(root).toString('latin1'), () => realpathSync(Buffer.from(root), 'latin1'));
  const found: Found[] = [];
  const warnings: string[] = [];
  const top = statOf(rootPath);
  if (!top.isDirectory()) throw new RippleError('InvalidArgument', `${root} is not a folder`);
  refuseMountsBelow(rootPath, options.leaveOut);
  const add = (path: ByteString, diskPath: ByteString, stat: BigIntStats): void => {
    // Also a btrfs subvolume, which no list of mounts names: its inode numbers are another series.
    if (stat.dev !== top.dev) throw mounted(diskPath);
    if (stat.isSocket()) warnings.push(`${displayPath(diskPath)} is a socket and was left out`);
    else found.push(describe(path, diskPath, stat));
  };
  add('.', rootPath, top);
  const folders: ByteString[] = ['.'];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = namesIn(under(rootPath, folder));
    for (const name of names) {
      const path = `${folder}/${name}`;
      const diskPath = under(rootPath, path);
      const stat = statOf(diskPath);
      if (options.leaveOut?.(path, stat.isSymbolicLink())) continue;
      add(path, diskPath, stat);
      if (stat.isDirectory()) folders.push(path);
      if (found.length % ENTRIES_PER_TURN === 0) {
        options.onEntries?.(found.length);
        await setImmediate();
        if (options.signal?.aborted) throw new RippleError('Cancelled', 'stopped');
      }
    }
  }
  options.onEntries?.(found.length);
  const pathOf = (item: Found): ByteString => (item.kind === 'file' ? item.base.path : item.entry.path);
  found.sort((a, b) => compareBytes(pathOf(a), pathOf(b)));
  return { found, warnings };
}

/** Where an entry lies; the root may be `/`. */
const under = (root: ByteString, path: ByteString): ByteString =>
  root === '/' ? path.slice(1) || '/' : root + path.slice(1);

const bytesOf = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

function attempt<T>(diskPath: ByteString, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw readError(diskPath, error);
  }
}

function statOf(diskPath: ByteString): BigIntStats {
  return attempt(diskPath, () => lstatSync(bytesOf(diskPath), { bigint: true }));
}

function namesIn(diskPath: ByteString): ByteString[] {
  return attempt(diskPath, () => readdirSync(bytesOf(diskPath), 'latin1'));
}

function xattrsOf(diskPath: ByteString): Xattr[] {
  const path = bytesOf(diskPath);
  return attempt(diskPath, () =>
    listXattrs(path)
      .sort(compareBytes)
      .map((name) => ({ name, value: getXattr(path, name) })),
  );
}

function describe(path: ByteString, diskPath: ByteString, stat: BigIntStats): Found {
  const xattrs = xattrsOf(diskPath);
  const base: Base = {
    path,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    timeNs: stat.mtimeNs,
    ...(xattrs.length > 0 && { xattrs }),
  };
  const identity = identityOf(stat);
  if (stat.isFile()) {
    const sparse = hasHole(diskPath, stat);
    return { kind: 'file', diskPath, identity, base, sizeBytes: Number(stat.size), sparse, links: stat.nlink };
  }
  return { kind: 'complete', diskPath, identity, entry: complete(base, diskPath, stat) };
}

function complete(base: Base, diskPath: ByteString, stat: BigIntStats): Entry {
  if (stat.isDirectory()) return { ...base, type: 'dir' };
  if (stat.isSymbolicLink()) {
    const target = attempt(diskPath, () => readlinkSync(bytesOf(diskPath), 'latin1'));
    return { ...base, type: 'link', target };
  }
  if (stat.isFIFO()) return { ...base, type: 'fifo' };
  if (stat.isCharacterDevice()) return { ...base, type: 'char', device: Number(stat.rdev) };
  if (stat.isBlockDevice()) return { ...base, type: 'block', device: Number(stat.rdev) };
  throw new RippleError('InvalidArgument', `${displayPath(diskPath)} is of a kind that cannot be published`);
}

/** Fewer blocks than bytes can also mean compression, so the file system is asked where the first hole is. */
function hasHole(diskPath: ByteString, stat: BigIntStats): boolean {
  if (stat.blocks * 512n >= stat.size) return false;
  return attempt(diskPath, () => {
    const fd = openSync(bytesOf(diskPath), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const hole = seekHole(fd, 0);
      return hole !== undefined && hole < Number(stat.size);
    } finally {
      closeSync(fd);
    }
  });
}

function mounted(diskPath: ByteString): RippleError {
  return new RippleError(
    'InvalidArgument',
    `${displayPath(diskPath)} is mounted inside the tree; unmount it, or publish a tree without it`,
  );
}

/** A bind mount from the same file system has the same device number: only the list of mounts tells. See proc(5). */
function refuseMountsBelow(root: ByteString, leaveOut: ScanOptions['leaveOut']): void {
  const below = `${root.replace(/\/$/, '')}/`;
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const point = line
      .split(' ', 5)[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (point?.startsWith(below) && point !== below && !isLeftOut(point.slice(below.length), leaveOut))
      throw mounted(point);
  }
}

/** It, or a folder that it is in. `name` is relative to the root. */
function isLeftOut(name: ByteString, leaveOut: ScanOptions['leaveOut']): boolean {
  const parts = name.split('/');
  return parts.some((_, i) => leaveOut?.(`./${parts.slice(0, i + 1).join('/')}`, false) === true);
}
