/** Which blobs are still to be fetched, and which of them had trouble. Hands out one at a time. */
import type { BlobRef } from '../core/ports.ts';
import { type WantedBlob, wantedBlob } from './transfer.ts';

/** Large blobs go first: the last one running then is short. */
const LARGE_BYTES = 1024 * 1024;
/** How many troubled blobs are looked at before a new one is taken. */
const WINDOW = 64;
/** How many new ones are looked at, where not everybody has each. */
const FRESH_WINDOW = 256;

export class BlobQueue {
  readonly #fresh: BlobRef[];
  readonly #shuffled: boolean;
  #freshTurn = 0;
  #next = 0;
  /** Of the new ones those that were looked at already. */
  readonly #looked = new Map<BlobRef, WantedBlob>();
  readonly #troubled: WantedBlob[] = [];
  /** Where the next look at the troubled ones begins, so that all get their turn. */
  #turn = 0;

  /**
   * `shuffled`: for laptops that get the same at the same time, so that each soon has what the others lack; else the order
   * is kept, which is that of the disk.
   */
  constructor(refs: readonly BlobRef[], shuffled = false, random: () => number = Math.random) {
    const large = refs.filter((ref) => ref.sizeBytes >= LARGE_BYTES).sort((a, b) => b.sizeBytes - a.sizeBytes);
    const rest = refs.filter((ref) => ref.sizeBytes < LARGE_BYTES);
    this.#fresh = shuffled ? [...shuffle(large, random), ...shuffle(rest, random)] : [...large, ...rest];
    this.#shuffled = shuffled;
  }

  /** Blobs that wait here. */
  get length(): number {
    return this.#fresh.length - this.#next + this.#troubled.length;
  }

  /** Comes back later, with what is now known of it. */
  putBack(blob: WantedBlob): void {
    this.#troubled.push(blob);
  }

  /**
   * The next blob that `choose` finds a source for. `everything` looks at all troubled ones instead of a window of
   * them: for when nothing else is going on.
   */
  take<S>(choose: (blob: WantedBlob | undefined) => S | undefined, everything: boolean): [WantedBlob, S] | undefined {
    const looks = everything ? this.#troubled.length : Math.min(WINDOW, this.#troubled.length);
    for (let look = 0; look < looks; look++) {
      if (this.#turn >= this.#troubled.length) this.#turn = 0;
      const blob = this.#troubled[this.#turn];
      const source = blob && choose(blob);
      if (blob && source !== undefined) {
        this.#troubled.splice(this.#turn, 1);
        return [blob, source];
      }
      this.#turn += 1;
    }
    return this.#shuffled ? this.#takeAny(choose, everything) : this.#takeNext(choose);
  }

  #takeNext<S>(choose: (blob: WantedBlob | undefined) => S | undefined): [WantedBlob, S] | undefined {
    const ref = this.#fresh[this.#next];
    const source = ref && choose(undefined);
    if (!ref || source === undefined) return undefined;
    this.#next += 1;
    return [wantedBlob(ref), source];
  }

  /** The next may be at nobody who has room, and the one after it at a neighbour. */
  #takeAny<S>(choose: (blob: WantedBlob | undefined) => S | undefined, all: boolean): [WantedBlob, S] | undefined {
    const waiting = this.#fresh.length - this.#next;
    const looks = all ? waiting : Math.min(waiting, FRESH_WINDOW);
    for (let look = 0; look < looks; look++) {
      const at = this.#next + (this.#freshTurn++ % waiting);
      const ref = this.#fresh[at];
      const skipped = this.#fresh[this.#next];
      if (!ref || !skipped) continue;
      const blob = this.#looked.get(ref) ?? wantedBlob(ref);
      this.#looked.set(ref, blob);
      const source = choose(blob);
      if (source === undefined) continue;
      this.#looked.delete(ref);
      this.#fresh[at] = skipped;
      this.#next += 1;
      return [blob, source];
    }
    return undefined;
  }

  /** Whether any blob here could still come from a source for which `may` is true. */
  some(may: (blob: WantedBlob | undefined) => boolean): boolean {
    return (this.#next < this.#fresh.length && may(undefined)) || this.#troubled.some(may);
  }
}

/** Every order is as likely (Fisher and Yates, as in Knuth, TAOCP volume 2, 3.4.2, algorithm P). */
function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  const mixed: T[] = [];
  while (left.length > 0) {
    const at = Math.floor(random() * left.length);
    const [item, last] = [left[at], left.pop()];
    if (item === undefined || last === undefined) break;
    if (at < left.length) left[at] = last;
    mixed.push(item);
  }
  return mixed;
}
