/**
 * So many are given to at once. Whoever comes when all slots are taken is refused; or, where there is nobody else to ask, stands
 * in a line for a while: a class that comes back only when its next try is due leaves the link of its server idle in between.
 */
import type { ServerResponse } from 'node:http';
import type { WaitingLine } from '../core/waiting-line.ts';

export class UploadSlots {
  readonly #slots: number;
  readonly #line: WaitingLine | undefined;
  /** In order of coming; each is told that a slot is its own now. */
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(slots: number, line: WaitingLine | undefined) {
    this.#slots = slots;
    this.#line = line;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a slot is the reader's now; false also when it went away meanwhile. Whoever got one gives it back by `free`. */
  take(reader: Pick<ServerResponse, 'destroyed' | 'once' | 'off'>): boolean | Promise<boolean> {
    if (this.#taken < this.#slots) {
      this.#taken += 1;
      return true;
    }
    const line = this.#line;
    if (!line || this.#waiting.size >= line.places || reader.destroyed) return false;
    return new Promise((resolve) => {
      const end = (hasSlot: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(taken);
        reader.off('close', gone);
        resolve(hasSlot);
      };
      const taken = (): void => end(true);
      const gone = (): void => end(false);
      const timer = setTimeout(gone, line.waitMs);
      this.#waiting.add(taken);
      reader.once('close', gone);
    });
  }

  free(): void {
    const [next] = this.#waiting;
    // The slot goes from hand to hand.
    if (next) next();
    else this.#taken -= 1;
  }
}
