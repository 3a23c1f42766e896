import { UnreadableStreamError } from '../../deflate/format.ts';
import { KIND, type Kind } from './symbols.ts';

/** Bounds the memory: a symbol takes 6 bytes. What has more is not taken apart. */
export const MAX_SYMBOLS = 1 << 24;
/** Literals that follow one another are kept as one symbol, up to so many. */
const MAX_RUN = 511;
/** The kind of what is no symbol: a stretch that was not packed. */
export const GAP = 7;
const LENGTH_BITS = 9;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
const STRIDE_BITS = 6;

interface Mark {
  readonly count: number;
  readonly sizeBytes: number;
  /** The last symbol, which may be a run that grew. */
  readonly last: number;
}

/** The choices that a packer made, symbol by symbol, over bytes that are counted from the beginning of a form. */
export class Parse {
  count = 0;
  /** Of the form that the symbols cover. */
  sizeBytes = 0;
  #codes: Uint16Array;
  /** How far a match goes back; how long a gap is. */
  #distances: Uint32Array;
  /** Where every 64th symbol begins. */
  #places: Uint32Array;
  readonly #most: number;

  constructor(expected = 0, most = MAX_SYMBOLS) {
    this.#most = most;
    const room = Math.min(most, Math.max(expected, 1 << 10));
    this.#codes = new Uint16Array(room);
    this.#distances = new Uint32Array(room);
    this.#places = new Uint32Array((room >> STRIDE_BITS) + 1);
  }

  /** @throws UnreadableStreamError for too many */
  push(kind: Kind, length: number, distance: number): void {
    const { count } = this;
    if (kind === KIND.literal && count > 0 && this.#lengthenRun(count - 1)) return;
    if (count === this.#codes.length) this.#grow();
    if ((count & ((1 << STRIDE_BITS) - 1)) === 0) this.#places[count >> STRIDE_BITS] = this.sizeBytes;
    this.#codes[count] = (kind << LENGTH_BITS) | length;
    this.#distances[count] = distance;
    this.count = count + 1;
    this.sizeBytes += length;
  }

  #lengthenRun(last: number): boolean {
    const code = this.#codes[last] ?? 0;
    if (code >> LENGTH_BITS !== KIND.literal || code === MAX_RUN) return false;
    this.#codes[last] = code + 1;
    this.sizeBytes++;
    return true;
  }

  /** Bytes up to `position` have no symbols. */
  gapTo(position: number): void {
    const bytes = position - this.sizeBytes;
    if (bytes === 0) return;
    this.push(GAP, 0, bytes);
    this.sizeBytes = position;
  }

  /** To come back to what is there now. */
  mark(): Mark {
    return { count: this.count, sizeBytes: this.sizeBytes, last: this.#codes[this.count - 1] ?? 0 };
  }

  /** Forgets what came after `mark`. */
  backTo({ count, sizeBytes, last }: Mark): void {
    this.count = count;
    this.sizeBytes = sizeBytes;
    if (count > 0) this.#codes[count - 1] = last;
  }

  /** A gap after the last. */
  kind(index: number): Kind {
    return index < this.count ? (this.#codes[index] ?? 0) >> LENGTH_BITS : GAP;
  }

  /** Bytes that a symbol stands for; of literals, how many there are. */
  length(index: number): number {
    if (index >= this.count) return Number.POSITIVE_INFINITY;
    const code = this.#codes[index] ?? 0;
    return code >> LENGTH_BITS === GAP ? (this.#distances[index] ?? 0) : code & LENGTH_MASK;
  }

  distance(index: number): number {
    return this.#distances[index] ?? 0;
  }

  /** The number of a symbol that begins at `position` or some before it. */
  near(position: number): number {
    let [low, high] = [0, this.count === 0 ? 0 : ((this.count - 1) >> STRIDE_BITS) + 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low << STRIDE_BITS;
  }

  /** Where symbol `index` begins, which is a number that `near` gave. */
  place(index: number): number {
    return this.#places[index >> STRIDE_BITS] ?? 0;
  }

  /** What it takes, about. */
  get memoryBytes(): number {
    return this.#codes.byteLength + this.#distances.byteLength + this.#places.byteLength;
  }

  #grow(): void {
    if (this.count >= this.#most) throw new UnreadableStreamError('too many symbols');
    const room = Math.min(this.#most, Math.ceil(this.count * 1.5));
    const [codes, distances, places] = [this.#codes, this.#distances, this.#places];
    this.#codes = new Uint16Array(room);
    this.#codes.set(codes);
    this.#distances = new Uint32Array(room);
    this.#distances.set(distances);
    this.#places = new Uint32Array((room >> STRIDE_BITS) + 1);
    this.#places.set(places);
  }
}
