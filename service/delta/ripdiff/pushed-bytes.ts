/** The bytes of a stream that came and are not used yet. */
import type { ByteSource } from '../byte-source.ts';

const NAME = 'the bundle';

/** Fills `target` with bytes that came before, from `position` of the stream on. */
export type KeptBytes = (target: Uint8Array, position: number) => void;

/** What waits, read from its first byte on. */
export interface PushedBytes extends ByteSource {
  push(bytes: Uint8Array): void;
  /** The first bytes were used. */
  drop(bytes: number): void;
}

/** Somebody else keeps the bytes: only their number is held. */
export class PushedAndKept implements PushedBytes {
  readonly name = NAME;
  sizeBytes = 0;
  readonly #kept: KeptBytes;
  #start = 0;

  constructor(kept: KeptBytes) {
    this.#kept = kept;
  }

  push({ length }: Uint8Array): void {
    this.sizeBytes += length;
  }

  readAt(target: Uint8Array, position: number): void {
    this.#kept(target, this.#start + position);
  }

  drop(bytes: number): void {
    this.#start += bytes;
    this.sizeBytes -= bytes;
  }
}

export class PushedToMemory implements PushedBytes {
  readonly name = NAME;
  sizeBytes = 0;
  #bytes = new Uint8Array(1 << 12);
  #start = 0;

  push(bytes: Uint8Array): void {
    if (this.#start + this.sizeBytes + bytes.length > this.#bytes.length) this.#makeRoom(this.sizeBytes + bytes.length);
    this.#bytes.set(bytes, this.#start + this.sizeBytes);
    this.sizeBytes += bytes.length;
  }

  readAt(target: Uint8Array, position: number): void {
    const from = this.#start + position;
    target.set(this.#bytes.subarray(from, from + target.length));
  }

  drop(bytes: number): void {
    this.#start += bytes;
    this.sizeBytes -= bytes;
  }

  #makeRoom(bytes: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#start + this.sizeBytes);
    // Moving what waits, in place, pays when at least as much was used.
    if (2 * bytes > this.#bytes.length) this.#bytes = new Uint8Array(2 * bytes);
    this.#bytes.set(waiting);
    this.#start = 0;
  }
}
