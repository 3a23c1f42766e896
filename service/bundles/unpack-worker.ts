/**
 * Runs on its own thread: decodes a bundle out of the file in which it is kept, as far as that has grown, and writes each content that is
 * whole. It is told how far to read, so nothing of the bundle waits in memory.
 */
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { asRippleError, type ErrorCode, NoSpaceError, RippleError } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { type BaseFile, BundleDecoder, DamagedBaseError, type FileLine } from '../delta/bundle/index.ts';
import { MANIFEST_LIMITS } from '../image/manifest.ts';
import { readPath, readTime } from '../image/manifest-fields.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { readFullySync } from '../store/read-fully.ts';
import { RESERVE_BYTES, roomBytes } from '../sys/disk-room.ts';
import { buffersSpent, freeSpentBuffers } from '../sys/spent-buffers.ts';

export interface UnpackJob {
  /** The file that is being filled. */
  readonly bundle: string;
  /** Root of the deployment that the bundle starts from, and its manifest's file. */
  readonly tree: string;
  /** `tree` is the `blobs` folder of a repository instead: files named by their hash. */
  readonly isBlobs?: boolean;
  readonly manifestA: string;
  /** Where contents go that were handed over, named by their hash: later ones may be made from them. */
  readonly taken: string;
  readonly expectedManifest: BlobRef;
  readonly maxNewBytes: number;
  readonly maxBundleBytes: number;
  /** An empty folder: gets the contents, named by their number, and `manifest`. */
  readonly out: string;
}

/** The file has `bytes` bytes now, of `sizeBytes` in the end. */
export interface Grown {
  readonly bytes: number;
  readonly sizeBytes: number;
}

export type UnpackReply =
  | { readonly kind: 'content'; readonly number: number; readonly ref: BlobRef }
  /** All bytes so far were read. `whole`: and they are the bundle. */
  | { readonly kind: 'read'; readonly bytes: number; readonly whole: boolean }
  /** `blameless`: something of this machine is wrong, not the bundle. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly blameless: boolean };

const STEP_BYTES = 1 << 16;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

const NOTHING = Buffer.alloc(0);
/** For any file, however small. */
const LEAST_HELD_BYTES = 1 << 18;

/** Memory that is used again. */
interface Spare {
  bytes: Buffer;
}

class Unpacking {
  readonly #job: UnpackJob;
  readonly #reply: (message: UnpackReply) => void;
  readonly #bundle: number;
  readonly #root: OpenRoot;
  readonly #decoder: BundleDecoder;
  readonly #step = Buffer.alloc(STEP_BYTES);
  readonly #base: Spare = { bytes: Buffer.alloc(0) };
  readonly #member: Spare = { bytes: Buffer.alloc(0) };
  #out: { readonly number: number; readonly fd: number } | undefined;
  #heldBytes = 0;
  #readBytes = 0;
  #comingBytes = 0;

  constructor(job: UnpackJob, reply: (message: UnpackReply) => void) {
    this.#job = job;
    this.#reply = reply;
    this.#bundle = openSync(job.bundle, O_RDONLY | O_NOFOLLOW);
    this.#root = new OpenRoot(job.tree);
    this.#decoder = new BundleDecoder({
      manifestA: readFileSync(job.manifestA),
      expectedManifest: job.expectedManifest,
      maxNewBytes: job.maxNewBytes,
      maxContents: MANIFEST_LIMITS.maxEntries,
      maxBundleBytes: job.maxBundleBytes,
      begin: ({ newBytes }) => this.#requireRoom(newBytes),
      base: (files) => this.#readInto(this.#base, files),
      file: (file) => this.#readInto(this.#member, [file]),
      data: (number, bytes) => writeAll(this.#open(number), bytes),
      end: (number, ref) => this.#end(number, ref),
      kept: (target, position) => this.#readKept(target, position),
    });
  }

  read({ bytes, sizeBytes }: Grown): void {
    while (this.#readBytes < bytes) {
      const wanted = Math.min(STEP_BYTES, bytes - this.#readBytes);
      this.#readKept(this.#step.subarray(0, wanted), this.#readBytes);
      this.#readBytes += wanted;
      this.#comingBytes = sizeBytes - this.#readBytes;
      this.#decoder.push(this.#step.subarray(0, wanted));
    }
    const { result } = this.#decoder;
    if (result) writeFileSync(join(this.#job.out, 'manifest'), result.manifest, { mode: 0o600, flag: 'wx' });
    this.#reply({ kind: 'read', bytes, whole: result !== undefined });
  }

  #readKept(target: Uint8Array, position: number): void {
    if (readFullySync(this.#bundle, target, position) < target.length)
      throw new RippleError('IoError', 'the kept bundle became shorter while it was read');
  }

  /** Before the first content is written, and before the rest of the bundle came. */
  #requireRoom(newBytes: number): void {
    const room = roomBytes(this.#job.out);
    const needed = newBytes + Math.max(0, this.#comingBytes) + this.#job.expectedManifest.sizeBytes;
    if (needed > room) throw new NoSpaceError(this.#job.out, needed + RESERVE_BYTES, room + RESERVE_BYTES);
  }

  #readInto(spare: Spare, files: readonly BaseFile[]): Buffer {
    const sizes = files.map((each) => (each.kind === 'old' ? each.file.sizeBytes : each.content.sizeBytes));
    const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
    // One after the other: a new buffer for each would wait for the collector, which sees only its small handle.
    const isTooSmall = spare.bytes.length < sizeBytes;
    const spentBytes = isTooSmall ? spare.bytes.length : 0;
    if (isTooSmall) spare.bytes = NOTHING;
    buffersSpent(spentBytes + this.#heldBytes);
    // What the decoder allocates for a file is about as large.
    this.#heldBytes = sizeBytes + LEAST_HELD_BYTES;
    if (isTooSmall) spare.bytes = Buffer.allocUnsafeSlow(sizeBytes);
    let at = 0;
    for (const [i, each] of files.entries()) {
      const part = spare.bytes.subarray(at, at + (sizes[i] ?? 0));
      if (each.kind === 'old') this.#readListed(each.file, part);
      else this.#readTaken(each.number, each.content.sha256, part);
      at += part.length;
    }
    return spare.bytes.subarray(0, sizeBytes);
  }

  /** The old file, if it has size and time as its manifest says; a blob has no time of its own. */
  #readListed({ path, time, sizeBytes, sha256 }: FileLine, bytes: Buffer): void {
    const { isBlobs = false } = this.#job;
    const file = this.#root.open(isBlobs ? sha256 : readPath('path', path).slice(2));
    if (!file) throw new DamagedBaseError(path);
    try {
      const { size, mtimeNs } = file.stat;
      const isSame = isBlobs || mtimeNs === readTime(time.slice('time='.length));
      const asListed = size === BigInt(sizeBytes) && isSame;
      if (!asListed) throw new DamagedBaseError(path);
      if (readFullySync(file.fd, bytes, 0) < sizeBytes) throw new DamagedBaseError(path);
    } finally {
      closeSync(file.fd);
    }
  }

  /** A content that this thread wrote: it is where it was written until it is taken, by one rename. */
  #readTaken(number: number, sha256: Sha256, bytes: Buffer): void {
    const fd = openFirst([join(this.#job.out, `${number}`), join(this.#job.taken, sha256)]);
    if (fd === undefined) throw gone(sha256);
    try {
      if (readFullySync(fd, bytes, 0) < bytes.length) throw gone(sha256);
    } finally {
      closeSync(fd);
    }
  }

  #open(number: number): number {
    if (this.#out?.number === number) return this.#out.fd;
    if (this.#out) closeSync(this.#out.fd);
    const fd = openSync(join(this.#job.out, `${number}`), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    this.#out = { number, fd };
    return fd;
  }

  #end(number: number, ref: BlobRef): void {
    // An empty content has no data.
    closeSync(this.#open(number));
    this.#out = undefined;
    this.#reply({ kind: 'content', number, ref });
  }
}

function gone(sha256: Sha256): RippleError {
  return new RippleError('IoError', `content ${sha256} was unpacked and is gone again; try again`);
}

function openFirst(paths: readonly string[]): number | undefined {
  for (const path of paths) {
    try {
      return openSync(path, O_RDONLY | O_NOFOLLOW);
    } catch {
      // Not there: the next one.
    }
  }
  return undefined;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

const port = parentPort;
if (port) {
  freeSpentBuffers(true);
  const reply = (message: UnpackReply): void => port.postMessage(message);
  let unpacking: Unpacking | undefined;
  port.on('message', (grown: Grown) => {
    try {
      unpacking ??= new Unpacking(workerData, reply);
      unpacking.read(grown);
    } catch (error) {
      const { code, message } = asRippleError(error);
      const local = code === 'IoError' || code === 'NoSpace' || code === 'Internal';
      reply({ kind: 'failed', code, message, blameless: error instanceof DamagedBaseError || local });
    }
  });
}
