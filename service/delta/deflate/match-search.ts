import { type ContentWindow, WINDOW_BYTES } from './content-window.ts';
import { MAX_MATCH, MIN_MATCH, UnreadableStreamError } from './format.ts';
import type { Style } from './style.ts';

const WINDOW_MASK = WINDOW_BYTES - 1;
/** Both programs read ahead, and read on when fewer bytes than this are left. */
const MIN_LOOKAHEAD = MAX_MATCH + MIN_MATCH + 1;
/** So far back a match may lie: what is read next would else overwrite it. */
const MAX_BACK = WINDOW_BYTES - MIN_LOOKAHEAD;
/** Where in their two windows both programs move the second one to the front. */
const SLIDE_AT = WINDOW_BYTES + MAX_BACK;
/** A match of three bytes from further back is no gain. */
const TOO_FAR = 4096;
/**
 * Places that may be compared, and sixteenths of the bytes that were found alike: so many, and so many for each byte. Text
 * takes up to 31 for a byte, tables of relocations in kernel modules more than 128; what takes more than is
 * allowed here was made to, and stays packed.
 */
const FREE_STEPS = 1 << 18;
/** Of content that comes piece by piece, as one piece may take more than its share. */
const FREE_STEPS_LARGE = 1 << 30;
const STEPS_PER_BYTE = 256;

/** Earlier places where the same three bytes stand, and the longest match among them, as gzip and zlib find it. */
export class MatchSearch {
  readonly #style: Style;
  readonly #content: ContentWindow;
  readonly #bytes: Uint8Array;
  #size = 0;
  readonly #heads: Int32Array;
  readonly #chains = new Int32Array(WINDOW_BYTES);
  readonly #mask: number;
  #stepsLeft: number;
  /** Where the first of the program's two windows begins. */
  #windowStart = 0;
  /** Strings before this are entered. */
  #entered = 0;
  /** Of the match that `search` found. */
  start = 0;

  constructor(content: ContentWindow, style: Style) {
    this.#style = style;
    this.#content = content;
    this.#bytes = content.bytes;
    this.#heads = new Int32Array(1 << style.hashBits).fill(-1);
    this.#mask = (1 << style.hashBits) - 1;
    this.#stepsLeft = content.isWhole ? FREE_STEPS : FREE_STEPS_LARGE;
    this.moved(0);
  }

  /** More of the content came, for which what lies `by` bytes or more behind the front of the window has gone. */
  moved(by: number): void {
    const { size } = this.#content;
    this.#stepsLeft += STEPS_PER_BYTE * (size + by - this.#size);
    this.#size = size;
    if (by === 0) return;
    this.#windowStart -= by;
    this.#entered -= by;
    for (const places of [this.#heads, this.#chains])
      for (let i = 0; i < places.length; i++) places[i] = Math.max((places[i] ?? -1) - by, -1);
  }

  get windowStart(): number {
    return this.#windowStart;
  }

  /** Enters all strings before `position`. */
  enterBefore(position: number): void {
    if (position <= this.#entered) return;
    const { hashShift } = this.#style;
    const bytes = this.#bytes;
    const chains = this.#chains;
    const heads = this.#heads;
    const mask = this.#mask;
    for (let at = this.#entered; at < position; at++) {
      const hash =
        (((bytes[at] ?? 0) << (2 * hashShift)) ^ ((bytes[at + 1] ?? 0) << hashShift) ^ (bytes[at + 2] ?? 0)) & mask;
      chains[at & WINDOW_MASK] = heads[hash] ?? -1;
      heads[hash] = at;
    }
    this.#entered = position;
  }

  /** Leaves out the strings before `position`. */
  skipTo(position: number): void {
    this.#entered = position;
  }

  /** The program comes to `position` and may move its windows. */
  arrive(position: number): void {
    const start = this.#windowStart;
    const ahead = Math.min(start + 2 * WINDOW_BYTES, this.#size) - position;
    if (ahead < MIN_LOOKAHEAD && position - start >= SLIDE_AT) this.#windowStart += WINDOW_BYTES;
  }

  /**
   * The length of the longest match that is longer than `least`, or `least`. Enters the string at `position`.
   * @throws UnreadableStreamError when it takes more steps than any ordinary file
   */
  search(position: number, least: number): number {
    this.arrive(position);
    this.enterBefore(position + 1);
    const { gzip, good, nice, chain, lazy } = this.#style;
    const windowStart = this.#windowStart;
    const ahead = this.#size - position;
    let candidate = this.#chains[position & WINDOW_MASK] ?? -1;
    if (ahead < MIN_MATCH || candidate <= windowStart || position - candidate > MAX_BACK) return least;
    if (gzip && position - windowStart > 2 * WINDOW_BYTES - MIN_LOOKAHEAD) return least;
    const bytes = this.#bytes;
    const chains = this.#chains;
    const limit = Math.max(position - MAX_BACK, windowStart);
    const end = position + MAX_MATCH;
    const enough = gzip ? nice : Math.min(nice, ahead);
    let best = least;
    let lastByte = bytes[position + best] ?? 0;
    let beforeLast = bytes[position + best - 1] ?? 0;
    const first = bytes[position] ?? 0;
    const second = bytes[position + 1] ?? 0;
    let links = least >= good ? chain >> 2 : chain;
    let steps = 0;
    do {
      steps++;
      if (
        bytes[candidate + best] === lastByte &&
        bytes[candidate + best - 1] === beforeLast &&
        bytes[candidate] === first &&
        bytes[candidate + 1] === second
      ) {
        let at = position + 2;
        for (let other = candidate + 2; at < end && bytes[at] === bytes[other]; other++) at++;
        const length = at - position;
        steps += length >> 4;
        if (length > best) {
          this.start = candidate;
          best = length;
          if (length >= enough) break;
          lastByte = bytes[position + best] ?? 0;
          beforeLast = bytes[position + best - 1] ?? 0;
        }
      }
      candidate = chains[candidate & WINDOW_MASK] ?? -1;
    } while (candidate > limit && --links > 0);
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new UnreadableStreamError('it takes too long to follow');
    if (best > ahead) best = ahead;
    if (lazy && best === MIN_MATCH && position - this.start > TOO_FAR) best = MIN_MATCH - 1;
    return best;
  }
}
