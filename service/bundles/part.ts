/** `<A>-<B>.part`: what came of a bundle so far, and from whom. It outlives the daemon. */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { writeAll } from '../store/whole-file.ts';

const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
/** Stands for an earlier process, or whoever gave a bundle that was kept. */
const EARLIER = '';

export class BundlePart {
  readonly path: string;
  readonly #fd: number;
  readonly #givers = new Set<string>();
  #bytes: number;

  /** Makes the file if need be; its folder is there. */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    if (this.#bytes > 0) this.#givers.add(EARLIER);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all bytes are of this source. */
  isOnlyOf(sourceId: string): boolean {
    return this.#givers.size === 1 && this.#givers.has(sourceId);
  }

  append(chunk: Uint8Array, sourceId: string): void {
    this.#givers.add(sourceId);
    writeAll(this.#fd, chunk);
    this.#bytes += chunk.length;
  }

  empty(): void {
    ftruncateSync(this.#fd, 0);
    this.#bytes = 0;
    this.#givers.clear();
  }

  /** Before it can be given on: after a power cut it must not be taken for whole. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  /** Keeps what came. */
  close(): void {
    closeSync(this.#fd);
    if (this.#bytes === 0) rmSync(this.path, { force: true });
  }
}
