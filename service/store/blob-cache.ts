/**
 * `<sysroot>/ripple/blobs`: what was fetched and is not yet staged. `<sha>` is whole and was checked, `<sha>.part` is
 * what came so far. Nothing here is synced, for 100,000 flushes would take longer than the download: after a power
 * cut a file may hold anything. So what an earlier process left is *doubtful* until `rehash` has read it.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { HashMismatchError } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { type Part, PartWriter } from './part-writer.ts';
import { hashFile, writeAll } from './whole-file.ts';

const SHA = /^[0-9a-f]{64}$/;
const PART = /^([0-9a-f]{64})\.part$/;
const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;

export class BlobCache {
  readonly #folder: string;
  readonly #doubtful = new Set<Sha256>();
  readonly #parts = new Map<Sha256, Part>();

  /** Makes the folder if need be and lists what an earlier process left. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const sha = PART.exec(name)?.[1];
      if (SHA.test(name)) this.#doubtful.add(name);
      else if (sha !== undefined)
        this.#parts.set(sha, { sizeBytes: statSync(join(folder, name)).size, hash: undefined });
    }
  }

  path(sha256: Sha256): string {
    return join(this.#folder, sha256);
  }

  /** Whole, and checked by this process. */
  has(ref: BlobRef): boolean {
    if (this.#doubtful.has(ref.sha256)) return false;
    return statSync(this.path(ref.sha256), { throwIfNoEntry: false })?.size === ref.sizeBytes;
  }

  /** It lies there whole, from an earlier process: `rehash` tells whether it is right. */
  isDoubtful(sha256: Sha256): boolean {
    return this.#doubtful.has(sha256);
  }

  /** Reads the file again. True if it is right; else it is thrown away. */
  async rehash(ref: BlobRef, signal?: AbortSignal): Promise<boolean> {
    const path = this.path(ref.sha256);
    if (statSync(path, { throwIfNoEntry: false })?.size === ref.sizeBytes) {
      const hash = await hashFile(path, ref.sizeBytes, signal);
      if (hash?.digest('hex') === ref.sha256) {
        this.#doubtful.delete(ref.sha256);
        return true;
      }
    }
    this.drop(ref.sha256);
    return false;
  }

  /** Bytes of this blob that came so far and can be resumed from. */
  partBytes(sha256: Sha256): number {
    return this.#parts.get(sha256)?.sizeBytes ?? 0;
  }

  /** Bytes of everything unfinished. */
  partialBytes(): number {
    let sum = 0;
    for (const part of this.#parts.values()) sum += part.sizeBytes;
    return sum;
  }

  /** Stores a small blob that is whole in memory. Throws `HashMismatchError`, then nothing was written. */
  put(ref: BlobRef, bytes: Uint8Array): void {
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual !== ref.sha256 || bytes.length !== ref.sizeBytes)
      throw new HashMismatchError(`blob of ${bytes.length} bytes`, ref.sha256, actual);
    const path = this.path(ref.sha256);
    if (this.#doubtful.has(ref.sha256) || this.#parts.has(ref.sha256)) this.drop(ref.sha256);
    const fd = this.#create(path);
    try {
      writeAll(fd, bytes);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Takes a file, on the same file system, that this process hashed as it wrote it. */
  adopt(ref: BlobRef, file: string): void {
    this.drop(ref.sha256);
    renameSync(file, this.path(ref.sha256));
  }

  /** Always a new file: staging may have linked the old one into a tree, and trees are never written to. */
  #create(path: string): number {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    try {
      return openSync(path, flags, 0o600);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      rmSync(path);
      return openSync(path, flags, 0o600);
    }
  }

  /**
   * Opens what came so far, to go on at `offset`. The hash of an earlier process's part is made again by reading it.
   * One writer for a blob at a time; the caller closes or finishes it.
   */
  async openPart(ref: BlobRef, signal?: AbortSignal): Promise<PartWriter> {
    const path = `${this.path(ref.sha256)}.part`;
    let part = this.#parts.get(ref.sha256);
    if (part && !part.hash) {
      part.hash = part.sizeBytes <= ref.sizeBytes ? await hashFile(path, part.sizeBytes, signal) : undefined;
      if (!part.hash) part = undefined;
    }
    let fresh = 0;
    if (!part || part.sizeBytes === 0) {
      rmSync(path, { force: true });
      part = { sizeBytes: 0, hash: createHash('sha256') };
      this.#parts.set(ref.sha256, part);
      fresh = O_CREAT | O_EXCL;
    }
    const fd = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | fresh, 0o600);
    // A write that failed half-way, on a full disk, leaves bytes that were never counted.
    ftruncateSync(fd, part.sizeBytes);
    return new PartWriter(fd, ref, part, () => {
      this.#parts.delete(ref.sha256);
      renameSync(path, this.path(ref.sha256));
      this.#doubtful.delete(ref.sha256);
    });
  }

  /** Throws away a blob and what came of it. */
  drop(sha256: Sha256): void {
    if (this.#parts.delete(sha256)) removeFile(`${this.path(sha256)}.part`);
    this.#doubtful.delete(sha256);
    removeFile(this.path(sha256));
  }

  /** Throws everything away but the blobs in `keep` (notes, say, or what another version still waits for). */
  clear(keep: ReadonlySet<Sha256> = new Set()): void {
    for (const name of readdirSync(this.#folder)) {
      const sha256 = SHA.test(name) ? name : PART.exec(name)?.[1];
      if (sha256 !== undefined && !keep.has(sha256)) this.drop(sha256);
    }
  }
}

/** As `rmSync` with `force`, which looks first what it is: one call for each of thousands. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
