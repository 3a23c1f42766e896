/**
 * Bytes on their way, and work of processors, as flows through shared things. Each shared thing is divided evenly among what goes
 * through it, and what one flow cannot use because it is held up elsewhere goes to the others, once. When a flow begins or
 * ends, rates are reckoned anew where it went through and one step further: for the flows it shared something with, and for
 * those that these share something with. Between, nothing is touched. Nothing is made and nothing is lost: what left a giver
 * came to a taker.
 */
import { EndHeap, type Ending } from './end-heap.ts';
import type { Shared } from './shared.ts';

/** A part of the way: how much of it each unit of the flow needs (1; of a processor, seconds for a byte). */
export interface Through {
  readonly shared: Shared;
  readonly weight: number;
}

export interface FlowPlan {
  /** Units. */
  readonly amount: number;
  readonly through: readonly Through[];
  /** Units in a second at most. */
  readonly most: number;
  readonly came: (units: number) => void;
  readonly done: () => void;
}

export interface Flow extends FlowPlan, Ending {
  left: number;
  rate: number;
  /** The smallest of its shares. */
  kept: number;
  /** Seconds up to which `left` is reckoned. */
  reckonedAt: number;
  isOver: boolean;
}

/** Less than this part of a byte is a rounding error. */
const LEAST = 1e-6;
/** Seconds; less is a rounding error between milliseconds and seconds. */
const INSTANT = 1e-9;

export class Flows {
  readonly #now: () => number;
  readonly #quantum: number;
  readonly #ends = new EndHeap<Flow>();
  #order = 0;
  /** Through these something began or ended since rates were reckoned. */
  readonly #changed = new Set<Shared>();
  #reckonedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param now seconds
   * @param quantum begins and ends within so many seconds are reckoned together: until then a new flow stands still, and nobody has
   * what an old one left
   */
  constructor(now: () => number, quantum = 0) {
    this.#now = now;
    this.#quantum = quantum;
  }

  /** Seconds: when `pass` has something to do. */
  get nextAt(): number {
    const end = this.#ends.first?.endsAt ?? Number.POSITIVE_INFINITY;
    return this.#changed.size > 0 ? Math.min(end, Math.max(this.#now(), this.#reckonedAt + this.#quantum)) : end;
  }

  start(plan: FlowPlan): Flow {
    const flow: Flow = {
      ...plan,
      left: plan.amount,
      rate: 0,
      kept: 0,
      reckonedAt: this.#now(),
      isOver: false,
      endsAt: plan.amount <= LEAST ? this.#now() : Number.POSITIVE_INFINITY,
      order: this.#order++,
      place: -1,
    };
    for (const { shared } of plan.through) {
      shared.flows.add(flow);
      this.#changed.add(shared);
    }
    this.#ends.place(flow);
    return flow;
  }

  /** Somebody went away. `done` is not called; what came until now came. */
  cut(flow: Flow): void {
    if (flow.isOver) return;
    const now = this.#now();
    this.#settle(flow, now);
    flow.isOver = true;
    this.#ends.remove(flow);
    for (const { shared, weight } of flow.through) {
      use(shared, -flow.rate * weight, now);
      shared.flows.delete(flow);
      if (shared.flows.size === 0) shared.used = 0;
      this.#changed.add(shared);
    }
  }

  /** Units that came so far. */
  came(flow: Flow): number {
    if (!flow.isOver) this.#settle(flow, this.#now());
    return flow.amount - flow.left;
  }

  /** Tells what has arrived by now, and reckons rates if it is time. */
  pass(): void {
    for (let first = this.#ends.first; first && first.endsAt <= this.#now() + INSTANT; first = this.#ends.first) {
      this.cut(first);
      // The last of it, which rounding held back.
      if (first.left > 0) this.#move(first, first.left);
      first.done();
    }
    if (this.#changed.size > 0 && this.#now() + INSTANT >= this.#reckonedAt + this.#quantum) this.#reckon();
  }

  /** Reckons everything up to now, for whoever wants to read it. */
  settle(): void {
    const now = this.#now();
    for (const flow of this.#ends) {
      this.#settle(flow, now);
      for (const { shared } of flow.through) use(shared, 0, now);
    }
  }

  #settle(flow: Flow, now: number): void {
    const units = Math.min(flow.left, flow.rate * (now - flow.reckonedAt));
    flow.reckonedAt = now;
    if (units > 0) this.#move(flow, units);
  }

  #move(flow: Flow, units: number): void {
    flow.left -= units;
    for (const { shared, weight } of flow.through) shared.carried += units * weight;
    flow.came(units);
  }

  #reckon(): void {
    const now = this.#now();
    this.#reckonedAt = now;
    const wider = new Set<Shared>(this.#changed);
    for (const one of this.#changed) {
      use(one, 0, now);
      one.capacity = one.perSecond(one.flows.size);
      one.share = one.capacity / one.flows.size;
    }
    for (const flow of flowsOf(this.#changed)) {
      let kept = flow.most;
      for (const { shared, weight } of flow.through) kept = Math.min(kept, shared.share / weight);
      if (kept === flow.kept) continue;
      flow.kept = kept;
      for (const { shared } of flow.through) wider.add(shared);
    }
    this.#changed.clear();
    for (const one of wider) one.kept = keptOf(one);
    // What is left over goes to those that could use it; each asks for no more than its part of it.
    for (const flow of flowsOf(wider)) {
      let grown = flow.most;
      for (const { shared } of flow.through) grown = Math.min(grown, (flow.kept * shared.capacity) / shared.kept);
      this.#give(flow, Math.max(flow.kept, grown), now);
    }
  }

  #give(flow: Flow, rate: number, now: number): void {
    if (rate === flow.rate) return;
    this.#settle(flow, now);
    for (const { shared, weight } of flow.through) use(shared, (rate - flow.rate) * weight, now);
    flow.rate = rate;
    flow.endsAt = flow.left <= LEAST ? now : now + flow.left / rate;
    this.#ends.place(flow);
  }
}

function flowsOf(some: ReadonlySet<Shared>): ReadonlySet<Flow> {
  const [first] = some;
  if (first && some.size === 1) return first.flows;
  const all = new Set<Flow>();
  for (const { flows } of some) for (const flow of flows) all.add(flow);
  return all;
}

/** By each flow's own weight in it. */
function keptOf(one: Shared): number {
  let sum = 0;
  for (const { kept, through } of one.flows)
    for (const { shared, weight } of through) if (shared === one) sum += kept * weight;
  return sum;
}

function use(one: Shared, more: number, now: number): void {
  if (one.used > 0) one.busySeconds += Math.min(1, one.used / one.capacity) * (now - one.reckonedAt);
  one.reckonedAt = now;
  one.used += more;
}
