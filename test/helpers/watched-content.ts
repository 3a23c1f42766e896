/** What a server gives, watched by a test. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Content } from '../../service/store/content.ts';

/** Hands out a repository at a steady pace, looks at what is asked for, and calls back once so much was read. */
export class WatchedContent implements Content {
  readonly #content: Content;
  /** Told where in which blob a request begins. */
  readonly #asked: (sha256: string, from: number) => void;
  #alarm: { readonly at: number; readonly ring: () => void } | undefined;
  #pace: Promise<void> = Promise.resolve();
  #readBytes = 0;
  documentBytes = 0;

  readonly #bytesPerMs: number;

  constructor(content: Content, bytesPerMs: number, asked: (sha256: string, from: number) => void) {
    this.#content = content;
    this.#bytesPerMs = bytesPerMs;
    this.#asked = asked;
  }

  /** Resolves when something is asked for and `bytes` more have been read. */
  reached(bytes: number): Promise<void> {
    return new Promise((ring) => {
      this.#alarm = { at: this.#readBytes + bytes, ring };
    });
  }

  async open(path: Parameters<Content['open']>[0]): ReturnType<Content['open']> {
    const served = await this.#content.open(path);
    this.#look();
    if (!served) return undefined;
    const { sizeBytes, etag, immutable } = served;
    let begun = false;
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      if (path.kind === 'blob' && !begun) this.#asked(path.sha256, position);
      begun = true;
      if (path.kind !== 'blob') this.documentBytes += length;
      this.#pace = this.#pace.then(() => sleep(length / this.#bytesPerMs));
      await this.#pace;
      this.#readBytes += length;
      this.#look();
      return served.read(position, length);
    };
    return { sizeBytes, etag, immutable, read, close: () => served.close() };
  }

  #look(): void {
    if (!this.#alarm || this.#readBytes < this.#alarm.at) return;
    this.#alarm.ring();
    this.#alarm = undefined;
  }
}
