import type { PullContent } from '../deflate/content-window.ts';
import { UnreadableStreamError } from '../deflate/format.ts';

/** Bytes that are taken front to back. */
export class Pulled {
  readonly #take: (length: number) => Uint8Array;

  private constructor(take: (length: number) => Uint8Array) {
    this.#take = take;
  }

  static from(pull: PullContent): Pulled {
    return new Pulled((length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, pull(bytes));
    });
  }

  /** Views of these bytes. */
  static of(bytes: Uint8Array): Pulled {
    let at = 0;
    return new Pulled((length) => {
      const part = bytes.subarray(at, at + length);
      at += part.length;
      return part;
    });
  }

  /** The next bytes; fewer at the end only. */
  upTo(length: number): Uint8Array {
    return this.#take(length);
  }

  /** @throws UnreadableStreamError if there are fewer */
  exactly(length: number): Uint8Array {
    const bytes = this.#take(length);
    if (bytes.length < length) throw new UnreadableStreamError('the archive in it ends too early');
    return bytes;
  }
}
