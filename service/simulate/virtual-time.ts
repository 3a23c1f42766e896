/** Virtual milliseconds: what is to happen when, and the loop that makes it happen. A binary heap. */
interface Event {
  readonly atMs: number;
  /** Of equal times the one that was planned first. */
  readonly order: number;
  readonly happen: () => void;
}

export class VirtualTime {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #order = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** As `Clock` of the ports wants it. */
  readonly clock = { monotonicMs: (): number => this.#nowMs, wallMs: (): number => this.#nowMs };

  in(ms: number, happen: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, happen });
  }

  /** When the next thing happens; `undefined`: nothing is planned. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  /** Lets everything happen up to this time, which it is then. */
  advanceTo(ms: number): void {
    for (let first = this.#heap[0]; first && first.atMs <= ms; first = this.#heap[0]) {
      this.#pop();
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.happen();
    }
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below && right && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (!below || !isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
