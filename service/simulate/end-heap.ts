/** Whatever ends at some time, the soonest first. A binary heap whose members know their place, so that a time can be changed. */
export interface Ending {
  /** Seconds. */
  endsAt: number;
  /** Of equal times the smaller number comes first. */
  readonly order: number;
  /** Place in the heap; -1: it is not in it. */
  place: number;
}

export class EndHeap<One extends Ending> {
  readonly #heap: One[] = [];

  get first(): One | undefined {
    return this.#heap[0];
  }

  [Symbol.iterator](): Iterator<One> {
    return this.#heap.values();
  }

  /** Puts it in, or where it belongs after `endsAt` has changed. */
  place(one: One): void {
    if (one.place < 0) {
      one.place = this.#heap.length;
      this.#heap.push(one);
    }
    if (!this.#rise(one)) this.#sink(one);
  }

  remove(one: One): void {
    const at = one.place;
    if (at < 0) return;
    one.place = -1;
    const last = this.#heap.pop();
    if (!last || last === one) return;
    this.#put(last, at);
    this.place(last);
  }

  #rise(one: One): boolean {
    const from = one.place;
    let at = from;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1];
      if (!parent || !isBefore(one, parent)) break;
      const above = parent.place;
      this.#put(parent, at);
      at = above;
    }
    this.#put(one, at);
    return at !== from;
  }

  #sink(one: One): void {
    let at = one.place;
    for (;;) {
      const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]];
      const below = left && right && isBefore(right, left) ? right : left;
      if (!below || !isBefore(below, one)) break;
      const next = below.place;
      this.#put(below, at);
      at = next;
    }
    this.#put(one, at);
  }

  #put(one: One, at: number): void {
    this.#heap[at] = one;
    one.place = at;
  }
}

function isBefore(a: Ending, b: Ending): boolean {
  return a.endsAt < b.endsAt || (a.endsAt === b.endsAt && a.order < b.order);
}
