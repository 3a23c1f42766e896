/** Which blobs are still to be fetched, and which of them had trouble. Hands out one at a time. */
import type { BlobRef } from '../core/ports.ts';
import { type WantedBlob, wantedBlob } from './transfer.ts';

/** Large blobs go first: the last one running then is short. The rest keeps its order, which is that of the disk. */
const LARGE_BYTES = 1024 * 1024;
/** How many troubled blobs are looked at before a new one is taken. */
const WINDOW = 64;

export class BlobQueue {
  readonly #fresh: readonly BlobRef[];
  #next = 0;
  readonly #troubled: WantedBlob[] = [];
  /** Where the next look at the troubled ones begins, so that all get their turn. */
  #turn = 0;

  constructor(refs: readonly BlobRef[]) {
    const large = refs.filter((ref) => ref.sizeBytes >= LARGE_BYTES).sort((a, b) => b.sizeBytes - a.sizeBytes);
    this.#fresh = [...large, ...refs.filter((ref) => ref.sizeBytes < LARGE_BYTES)];
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
    const ref = this.#fresh[this.#next];
    const source = ref && choose(undefined);
    if (!ref || source === undefined) return undefined;
    this.#next += 1;
    return [wantedBlob(ref), source];
  }

  /** Whether any blob here could still come from a source for which `may` is true. */
  some(may: (blob: WantedBlob | undefined) => boolean): boolean {
    return (this.#next < this.#fresh.length && may(undefined)) || this.#troubled.some(may);
  }
}
