/**
 * `<sysroot>/ripple/blobs`: what was fetched and is not yet staged. `<sha>` is whole and was checked, `<sha>.part` is
 * what came so far. Nothing here is synced, for 100,000 flushes would take longer than the download: after a power
 * cut a file may hold anything. So what an earlier process left is *doubtful* until `rehash` has read it.
 */
import { createHash, type Hash } from 'node:crypto';
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
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { HashMismatchError, RippleError } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';

const SHA = /^[0-9a-f]{64}$/;
const PART = /^([0-9a-f]{64})\.part$/;
const READ_BYTES = 256 * 1024;
const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW, O_RDONLY } = constants;

interface Part {
  sizeBytes: number;
  /** Over all of `sizeBytes`; absent for what an earlier process left. */
  hash: Hash | undefined;
}

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
    // Always a new file: staging may have linked the old one into a tree, and trees are never written to.
    this.drop(ref.sha256);
    const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeAll(fd, bytes);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
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
    if (this.#parts.delete(sha256)) rmSync(`${this.path(sha256)}.part`, { force: true });
    this.#doubtful.delete(sha256);
    rmSync(this.path(sha256), { force: true });
  }

  /** Throws everything away but the blobs in `keep` (notes, say, or what another version still waits for). */
  clear(keep: ReadonlySet<Sha256> = new Set()): void {
    for (const name of readdirSync(this.#folder)) {
      const sha256 = SHA.test(name) ? name : PART.exec(name)?.[1];
      if (sha256 !== undefined && !keep.has(sha256)) this.drop(sha256);
    }
  }
}

/** Appends to one `.part`. Writes are synchronous: the bytes go to the page cache, not to the disk. */
export class PartWriter {
  readonly #fd: number;
  readonly #ref: BlobRef;
  readonly #part: Part;
  readonly #publish: () => void;
  #open = true;

  constructor(fd: number, ref: BlobRef, part: Part, publish: () => void) {
    this.#fd = fd;
    this.#ref = ref;
    this.#part = part;
    this.#publish = publish;
  }

  get offset(): number {
    return this.#part.sizeBytes;
  }

  append(bytes: Uint8Array): void {
    if (this.offset + bytes.length > this.#ref.sizeBytes)
      throw new RippleError('HashMismatch', `blob ${this.#ref.sha256}: more than ${this.#ref.sizeBytes} bytes`);
    try {
      writeAll(this.#fd, bytes);
    } catch (error) {
      // How much of it was written is not known: the next opening reads the file again.
      this.#part.hash = undefined;
      throw error;
    }
    this.#part.hash?.update(bytes);
    this.#part.sizeBytes += bytes.length;
  }

  /** Checks length and hash, then gives the file its name. Throws `HashMismatchError`; the caller then drops it. */
  finish(): void {
    this.close();
    const hash = this.#part.hash;
    this.#part.hash = undefined;
    const actual = this.offset === this.#ref.sizeBytes ? hash?.digest('hex') : undefined;
    if (actual !== this.#ref.sha256)
      throw new HashMismatchError(
        `blob of ${this.offset} bytes`,
        this.#ref.sha256,
        actual ?? `of ${this.offset} of ${this.#ref.sizeBytes} bytes`,
      );
    this.#publish();
  }

  /** Keeps what came. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** Hash state over exactly `sizeBytes` bytes of a file; `undefined` if it has not that many. */
async function hashFile(path: string, sizeBytes: number, signal?: AbortSignal): Promise<Hash | undefined> {
  const hash = createHash('sha256');
  const handle = await open(path, O_RDONLY | O_NOFOLLOW).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, sizeBytes)));
    let done = 0;
    while (done < sizeBytes) {
      if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), done);
      if (bytesRead === 0) return undefined;
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
    return hash;
  } finally {
    await handle.close();
  }
}
