/**
 * The tree of a deployment as a store of blobs: the files are where they run, so sharing costs no space. What is
 * checked when one is opened: no link on the way (`OpenRoot`), a regular file, and size and time to the nanosecond as
 * hashed. What is not: the bytes. Somebody who is root here can change them and put the time back; whoever fetches
 * finds that by the hash.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { BlobIndex, readFileLine } from './blob-index.ts';
import type { ServedContent } from './content.ts';
import { OpenRoot } from './open-beneath.ts';
import { servedFile } from './served-file.ts';

/** A path has at most 4,095 bytes of at most five characters each; the keywords need less than the rest. */
const MAX_LINE_BYTES = 32 * 1024;
const FIRST_READ_BYTES = 512;

/** A file that is not as the manifest says: `verify` should look at the tree. */
export type OnDamage = (path: ByteString) => void;

export class ServedTree {
  readonly manifest: BlobRef;
  readonly #root: OpenRoot;
  readonly #index: BlobIndex;
  readonly #fd: number;
  readonly #onDamage: OnDamage;
  #closed = false;

  /**
   * `folder` is the root of the deployment; `manifestPath` its manifest, whose hash must be `manifestSha256`: whatever
   * lies there, only the files of the version that was verified are given. Throws `HashMismatch` or `IoError`.
   */
  constructor(folder: string, manifestPath: string, manifestSha256: Sha256, onDamage: OnDamage = () => {}) {
    this.#root = new OpenRoot(folder);
    this.#onDamage = onDamage;
    try {
      this.#fd = openSync(manifestPath, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      throw asRippleError(error);
    }
    try {
      if (!fstatSync(this.#fd).isFile()) throw new RippleError('IoError', `${manifestPath} is not a regular file`);
      const bytes = readFileSync(this.#fd);
      const actual = createHash('sha256').update(bytes).digest('hex');
      if (actual !== manifestSha256)
        throw new RippleError('HashMismatch', `${manifestPath}: expected sha256 ${manifestSha256}, got ${actual}`);
      this.manifest = { sha256: actual, sizeBytes: bytes.length };
      this.#index = BlobIndex.of(bytes);
    } catch (error) {
      closeSync(this.#fd);
      throw asRippleError(error);
    }
  }

  /** Bytes of memory that the index holds. */
  get heldBytes(): number {
    return this.#index.heldBytes;
  }

  /** Nothing once it is closed: its descriptor may by then be another file's. */
  open(sha256: Sha256): ServedContent | undefined {
    if (this.#closed) return undefined;
    for (const offset of this.#index.offsets(sha256)) {
      const entry = readFileLine(this.#readLine(offset));
      const file = this.#root.open(entry.path.slice(2));
      if (file) {
        const { size, mtimeNs } = file.stat;
        if (size === BigInt(entry.sizeBytes) && mtimeNs === entry.timeNs) return servedFile(file, sha256);
        closeSync(file.fd);
      }
      this.#onDamage(entry.path);
    }
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** Read again from the file, which stays open: who replaces it by another does not change this one. */
  #readLine(offset: number): string {
    for (const length of [FIRST_READ_BYTES, MAX_LINE_BYTES]) {
      const buffer = Buffer.allocUnsafe(length);
      const count = readSync(this.#fd, buffer, 0, length, offset);
      const end = buffer.subarray(0, count).indexOf('\n');
      if (end !== -1) return buffer.toString('latin1', 0, end);
    }
    throw new RippleError('IoError', `manifest ${this.manifest.sha256} changed on disk`);
  }
}
