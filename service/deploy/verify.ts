/** Scrubbing: does the tree on the disk still say, byte for byte, what its manifest says? Changes nothing. */
import { type BigIntStats, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { ByteString, Entry, FileEntry } from '../core/entry.ts';
import { hashFile } from './content.ts';
import { type DiskPath, diskPath, lstatIfThere } from './disk-path.ts';
import { type MetadataDifference, metadataDifference, sameXattrs } from './metadata.ts';
import { Pace } from './pace.ts';

export type DamageReason = MetadataDifference | 'missing' | 'extra' | 'xattrs' | 'hard link' | 'content' | 'unreadable';

export interface Damage {
  readonly path: ByteString;
  readonly reason: DamageReason;
}

export interface Verification {
  /** Entries of the manifest that were looked at. */
  readonly checked: number;
  /** In the order of the manifest, extra ones last. */
  readonly damaged: readonly Damage[];
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Content bytes hashed so far, of all; a hundred times a second at most. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** At most so many bytes are read in a second, so that nobody notices. */
  readonly rateBytesPerSecond?: number;
}

const TELL_MS = 10;

/**
 * Compares the tree at `root` with `entries` and hashes every file again. What cannot be read is reported, not thrown;
 * fails with `Cancelled`, and with `UnknownVersion` when there is no tree.
 */
export async function verifyDeployment(
  root: string,
  entries: readonly Entry[],
  options: VerifyOptions = {},
): Promise<Verification> {
  if (!lstatIfThere(root)?.isDirectory()) throw new RippleError('UnknownVersion', `there is no tree at ${root}`);
  const pace = new Pace(options.signal);
  const check = new TreeCheck(root, entries, options, pace);
  const damaged: Damage[] = [];
  for (const entry of entries) {
    const reason = await check.entry(entry);
    if (reason) damaged.push({ path: entry.path, reason });
    if (pace.due) await check.breathe();
  }
  damaged.push(...(await check.extras()));
  await check.breathe();
  return { checked: entries.length, damaged };
}

/** One look at a tree, entry by entry, in the order of its manifest. */
export class TreeCheck {
  readonly #root: string;
  readonly #entries: readonly Entry[];
  readonly #options: VerifyOptions;
  readonly #pace: Pace;
  readonly #totalBytes: number;
  readonly #startMs = performance.now();
  #doneBytes = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  readonly #notFolders = new Set<ByteString>();
  /** Inode → the path it was first seen at: one inode at two paths must be a hard link in the manifest, too. */
  readonly #firstPaths = new Map<bigint, ByteString>();

  constructor(root: string, entries: readonly Entry[], options: VerifyOptions, pace: Pace) {
    this.#root = root;
    this.#entries = entries;
    this.#options = options;
    this.#pace = pace;
    this.#totalBytes = entries.reduce((sum, entry) => sum + (isOwnFile(entry) ? entry.sizeBytes : 0), 0);
  }

  async breathe(): Promise<void> {
    this.#tell();
    await this.#pace.breathe();
  }

  #tell(): void {
    this.#toldMs = performance.now();
    this.#options.onProgress?.(this.#doneBytes, this.#totalBytes);
  }

  /**
   * Goes on at the entry of this number where an earlier look ended. Other names of files before it are known by the inode
   * those have now.
   */
  startAt(index: number): void {
    const before = new Set(this.#entries.slice(0, index).map(({ path }) => path));
    for (const entry of this.#entries.slice(index)) {
      if (entry.type !== 'file' || entry.hardLinkOf === undefined || !before.has(entry.hardLinkOf)) continue;
      const first = lstatIfThere(diskPath(this.#root, entry.hardLinkOf));
      if (first) this.#firstPaths.set(first.ino, entry.hardLinkOf);
    }
  }

  /** What is wrong with it; `undefined` when nothing is. */
  async entry(entry: Entry): Promise<DamageReason | undefined> {
    const path = diskPath(this.#root, entry.path);
    try {
      // What lies behind a folder that is not one (a symbolic link, say) is no part of this tree.
      if (this.#notFolders.has(entry.path.slice(0, entry.path.lastIndexOf('/')))) return this.#missing(entry);
      const stat = lstatIfThere(path);
      if (stat === undefined) return this.#missing(entry);
      if (entry.type === 'dir' && !stat.isDirectory()) this.#notFolders.add(entry.path);
      return metadataDifference(stat, entry) ?? (await this.#deeper(entry, path, stat));
    } catch (error) {
      const known = asRippleError(error);
      if (known.code === 'Cancelled') throw known;
      return 'unreadable';
    }
  }

  #missing(entry: Entry): 'missing' {
    if (entry.type === 'dir') this.#notFolders.add(entry.path);
    return 'missing';
  }

  async #deeper(entry: Entry, path: DiskPath, stat: BigIntStats): Promise<DamageReason | undefined> {
    if (!sameXattrs(path, entry)) return 'xattrs';
    if (entry.type === 'link')
      return readlinkSync(path, 'buffer').toString('latin1') === entry.target ? undefined : 'target';
    if (entry.type !== 'file') return undefined;
    const first = this.#firstPaths.get(stat.ino);
    if (first !== entry.hardLinkOf) return 'hard link';
    // The first name's content was hashed, and this is the same inode.
    if (first !== undefined) return undefined;
    this.#firstPaths.set(stat.ino, entry.path);
    const content = await hashFile(path, this.#pace, (bytes) => this.#read(bytes));
    return content.sha256 === entry.sha256 ? undefined : 'content';
  }

  #read(bytes: number): Promise<void> | undefined {
    this.#doneBytes += bytes;
    // Who reads slowly is never out of breath.
    if (performance.now() - this.#toldMs >= TELL_MS) this.#tell();
    const { rateBytesPerSecond, signal } = this.#options;
    if (rateBytesPerSecond === undefined) return undefined;
    const aheadMs = this.#startMs + (this.#doneBytes / rateBytesPerSecond) * 1000 - performance.now();
    return aheadMs > 1 ? sleep(aheadMs, undefined, signal ? { signal } : {}) : undefined;
  }

  /** Names that no manifest entry has (of an extra folder only itself), and folders that cannot be listed. */
  async extras(): Promise<Damage[]> {
    const known = new Set(this.#entries.map(({ path }) => path));
    const damaged: Damage[] = [];
    for (const { type, path: folder } of this.#entries) {
      if (type !== 'dir' || this.#notFolders.has(folder)) continue;
      const names = listNames(diskPath(this.#root, folder));
      if (names === undefined) damaged.push({ path: folder, reason: 'unreadable' });
      for (const name of names ?? [])
        if (!known.has(`${folder}/${name}`)) damaged.push({ path: `${folder}/${name}`, reason: 'extra' });
      if (this.#pace.due) await this.breathe();
    }
    return damaged;
  }
}

function isOwnFile(entry: Entry): entry is FileEntry {
  return entry.type === 'file' && entry.hardLinkOf === undefined;
}

function listNames(folder: DiskPath): ByteString[] | undefined {
  try {
    return readdirSync(folder, 'buffer').map((name) => name.toString('latin1'));
  } catch {
    return undefined;
  }
}
