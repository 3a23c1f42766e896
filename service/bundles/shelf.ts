/** A folder of whole bundles that are given on, never larger than it may be: the one that was used least lately goes first. */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleName } from '../core/ports.ts';

const NAME = /^([0-9a-f]{64})-([0-9a-f]{64})$/;

/** Whoever makes a bundle writes it in the folder of the shelf, under a name that begins so. */
export const UNFINISHED = '.new-';
/** The usual `keepMs`. */
export const BUNDLE_KEEP_MS = 60 * 60 * 1000;

interface OnShelf {
  readonly name: BundleName;
  readonly bytes: number;
  usedMs: number;
}

export interface BundleShelfOptions {
  /** It is there. */
  readonly folder: string;
  readonly capBytes: number;
  /**
   * One that was used within this time does not make room for another: else whoever asks for all in turn would have
   * them made again and again.
   */
  readonly keepMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export class BundleShelf {
  readonly #options: BundleShelfOptions;
  readonly #bundles = new Map<string, OnShelf>();

  /** Lists what an earlier process left, which counts as not used. */
  constructor(options: BundleShelfOptions) {
    this.#options = options;
    for (const file of readdirSync(options.folder)) {
      const name = nameIn(file);
      if (file.startsWith(UNFINISHED)) rmSync(join(options.folder, file), { force: true });
      if (name) this.#note(name, Number.NEGATIVE_INFINITY);
    }
    this.#makeRoom(0, Number.POSITIVE_INFINITY);
  }

  get folder(): string {
    return this.#options.folder;
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#bundles.values()) sum += bytes;
    return sum;
  }

  has(name: BundleName): boolean {
    return this.#bundles.has(fileOf(name));
  }

  path(name: BundleName): string {
    return join(this.#options.folder, fileOf(name));
  }

  /** To be told whenever one is given. */
  used(name: BundleName): void {
    const found = this.#bundles.get(fileOf(name));
    if (found) found.usedMs = this.#options.nowMs();
  }

  /** The bytes that a new one may have at most. */
  get roomBytes(): number {
    let taken = 0;
    for (const { bytes, usedMs } of this.#bundles.values()) if (this.#isInUse(usedMs)) taken += bytes;
    return Math.max(0, this.#options.capBytes - taken);
  }

  /**
   * Takes a whole file in, which is on disk, from the same file system. `newest`: even if those in use have to go.
   * False: there is no room, and the file is gone.
   */
  put(name: BundleName, file: string, { newest = false } = {}): boolean {
    const { size } = statSync(file);
    const before = this.#bundles.get(fileOf(name));
    this.#bundles.delete(fileOf(name));
    const unusedSince = newest ? Number.POSITIVE_INFINITY : this.#options.nowMs() - this.#options.keepMs;
    if (!this.#makeRoom(size, unusedSince)) {
      rmSync(file, { force: true });
      if (before) this.#bundles.set(fileOf(name), before);
      return false;
    }
    renameSync(file, this.path(name));
    this.#note(name, this.#options.nowMs());
    return true;
  }

  /** Takes one off, to be used as a file of one's own. */
  take(name: BundleName, to: string): boolean {
    if (!this.#bundles.delete(fileOf(name))) return false;
    renameSync(this.path(name), to);
    return true;
  }

  /** Removes those that nobody needs any more. */
  prune(wanted: (name: BundleName) => boolean): void {
    for (const { name } of [...this.#bundles.values()]) if (!wanted(name)) this.#remove(name);
  }

  #isInUse(usedMs: number): boolean {
    return usedMs > this.#options.nowMs() - this.#options.keepMs;
  }

  #makeRoom(bytes: number, unusedSince: number): boolean {
    const { capBytes } = this.#options;
    const goFirst = [...this.#bundles.values()]
      .filter(({ usedMs }) => usedMs <= unusedSince)
      .sort((a, b) => a.usedMs - b.usedMs);
    const staying = this.bytes - goFirst.reduce((sum, one) => sum + one.bytes, 0);
    if (staying + bytes > capBytes) return false;
    for (const { name } of goFirst) {
      if (this.bytes + bytes <= capBytes) return true;
      this.#remove(name);
    }
    return true;
  }

  #note(name: BundleName, usedMs: number): void {
    const bytes = statSync(this.path(name), { throwIfNoEntry: false })?.size;
    if (bytes !== undefined) this.#bundles.set(fileOf(name), { name, bytes, usedMs });
  }

  #remove(name: BundleName): void {
    rmSync(this.path(name), { force: true });
    this.#bundles.delete(fileOf(name));
  }
}

function fileOf({ from, to }: BundleName): string {
  return `${from}-${to}`;
}

function nameIn(file: string): BundleName | undefined {
  const [, from, to] = NAME.exec(file) ?? [];
  return from !== undefined && to !== undefined ? { from, to } : undefined;
}
