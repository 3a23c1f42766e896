/**
 * Sends a tree to the disk while it is still being built, so that the flush at the end, which everything waits for, finds
 * little left. It promises nothing by itself: only `finish` does.
 */
import { closeSync, openSync } from 'node:fs';
import { syncOpenFileSystem } from '../sys/libc.ts';

const EVERY_BYTES = 12 << 20;

export class EarlyFlush {
  readonly #path: string;
  /** One for all flushes: the kernel tells an open file of each write that failed since it was opened, whoever else asked. */
  readonly #fd: number;
  #unflushedBytes = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `path` lies on the file system that is written to. Whoever made it calls `close` in any case. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
  }

  wrote(bytes: number): void {
    this.#unflushedBytes += bytes;
    if (this.#running || this.#unflushedBytes < EVERY_BYTES) return;
    this.#unflushedBytes = 0;
    this.#running = syncOpenFileSystem(this.#fd, this.#path)
      .catch((error: unknown) => {
        // Told once: whoever asks later hears that all is well.
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** When this resolves, everything that was written before is on the disk. Rejects if any write failed. */
  async finish(): Promise<void> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
    await syncOpenFileSystem(this.#fd, this.#path);
  }

  async close(): Promise<void> {
    await this.#running;
    closeSync(this.#fd);
  }
}
