import { MAX_MATCH, MIN_MATCH } from './format.ts';

/** Of deflate: what a match may lie back at most. */
export const WINDOW_BYTES = 1 << 15;
/** What a search reads past the end of the content. */
const TAIL_BYTES = MAX_MATCH + MIN_MATCH;
/** A window over content that is pulled: so much is held, of which so much before the position stays; more than so much after it is always there. */
const HELD_BYTES = 1 << 20;
const BEHIND_BYTES = 4 * WINDOW_BYTES;
const AHEAD_BYTES = 4 * WINDOW_BYTES;

/** Fills the array with the next bytes of the content, and answers how many these are: fewer at its end only. */
export type PullContent = (into: Uint8Array) => number;

/** The content of a stream: all of it, or the part around the place where the work is, which moves to the front from time to time. */
export class ContentWindow {
  readonly bytes: Uint8Array;
  /** Bytes of content in `bytes`; the rest is what a program would read after its end. */
  size: number;
  /** A position from which on `refill` is to be called. */
  refillAt = Number.POSITIVE_INFINITY;
  readonly #pull: PullContent | undefined;
  #gzip = false;
  #movedBytes = 0;

  private constructor(bytes: Uint8Array, size: number, pull?: PullContent) {
    this.bytes = bytes;
    this.size = size;
    this.#pull = pull;
  }

  static of(content: Uint8Array): ContentWindow {
    const bytes = new Uint8Array(content.length + TAIL_BYTES);
    bytes.set(content);
    return new ContentWindow(bytes, content.length);
  }

  static pulled(pull: PullContent): ContentWindow {
    return new ContentWindow(new Uint8Array(HELD_BYTES + TAIL_BYTES), 0, pull);
  }

  get isWhole(): boolean {
    return this.#pull === undefined;
  }

  /** `gzip`: the program that reads it is GNU gzip. */
  begin(gzip: boolean): void {
    this.#gzip = gzip;
    if (this.#pull) this.#fill(this.#pull);
    else this.#end();
  }

  /** Gets more; answers by how much everything moved to the front: some whole windows, as hash chains go round in one. */
  refill(position: number): number {
    const by = Math.max(0, position - BEHIND_BYTES) & -WINDOW_BYTES;
    this.bytes.copyWithin(0, by, this.size);
    this.size -= by;
    this.#movedBytes += by;
    if (this.#pull) this.#fill(this.#pull);
    return by;
  }

  #fill(pull: PullContent): void {
    this.size += pull(this.bytes.subarray(this.size, HELD_BYTES));
    const isEnd = this.size < HELD_BYTES;
    this.refillAt = isEnd ? Number.POSITIVE_INFINITY : HELD_BYTES - AHEAD_BYTES;
    if (isEnd) this.#end();
  }

  /**
   * gzip compares past the end of the file. There its buffer has two zeros, and then what was read a window earlier, or
   * zeros in a small file (and what was left of the file before, if one gzip packed several: a guess is wrong then).
   */
  #end(): void {
    const { bytes, size } = this;
    const end = size + TAIL_BYTES;
    bytes.fill(0, size, end);
    if (!this.#gzip || this.#movedBytes + size <= 2 * WINDOW_BYTES) return;
    for (let at = size + 2; at < end; at++) bytes[at] = bytes[at - WINDOW_BYTES] ?? 0;
  }
}
