import { DeflateReader } from './reader.ts';

/** What comes out of a deflate stream, front to back, in whatever pieces are asked for. */
export class DeflateContent {
  readonly #reader: DeflateReader;
  #waiting: Uint8Array[] = [];
  #done = false;

  /** @throws UnreadableStreamError from `read`, also for more than `maxBytes` of content */
  constructor(source: Uint8Array, position: number, maxBytes = Number.POSITIVE_INFINITY) {
    this.#reader = new DeflateReader(source, position, maxBytes, (bytes) => this.#waiting.push(bytes.slice()));
  }

  /** Fills the array and answers how many bytes it got: fewer at the end only. */
  read(into: Uint8Array): number {
    let size = 0;
    while (size < into.length) {
      const next = this.#waiting[0];
      if (!next) {
        if (this.#done) break;
        this.#done = this.#reader.next() === undefined;
        continue;
      }
      const part = next.subarray(0, into.length - size);
      into.set(part, size);
      size += part.length;
      if (part.length === next.length) this.#waiting.shift();
      else this.#waiting[0] = next.subarray(part.length);
    }
    return size;
  }

  /** After the last byte: where the stream ended. */
  get end(): number {
    return this.#reader.end;
  }
}
