/** Writing one blob piece by piece: bounded by its length, hashed on the way, named only when the hash is right. */
import type { Hash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { HashMismatchError, RippleError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import { writeAll } from './whole-file.ts';

export interface Part {
  sizeBytes: number;
  /** Over all of `sizeBytes`; absent for what an earlier process left. */
  hash: Hash | undefined;
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
