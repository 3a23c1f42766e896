/**
 * Bytes on their way, and work of processors, as flows through shared things: a link, the air of a channel, the cores of a
 * machine. Each shared thing is divided evenly among what goes through it, and what one flow cannot use because it is held up
 * elsewhere goes to the others, once. Rates are reckoned only where a flow began or ended; between, nothing is touched. Nothing
 * is made and nothing is lost: what left a giver came to a taker.
 */
export interface Shared {
  readonly name: string;
  /** Units (bytes; seconds of work) in a second, for so many flows at once. */
  readonly perSecond: (flows: number) => number;
  /** Units that went through it. */
  carried: number;
  /** Seconds in which it was in use, weighed by how much of it. */
  busySeconds: number;
  /** Of the step that is reckoned now. */
  readonly load: Load;
}

interface Load {
  flows: number;
  /** For each flow. */
  share: number;
  capacity: number;
  used: number;
}

export function shared(name: string, perSecond: number | ((flows: number) => number)): Shared {
  return {
    name,
    perSecond: typeof perSecond === 'number' ? () => perSecond : perSecond,
    carried: 0,
    busySeconds: 0,
    load: { flows: 0, share: 0, capacity: 0, used: 0 },
  };
}

export interface Flow {
  left: number;
  readonly through: readonly Shared[];
  /** Units in a second at most. */
  readonly most: number;
  readonly came: (units: number) => void;
  readonly done: () => void;
  isOver: boolean;
}

/** Less than this part of a byte is a rounding error. */
const LEAST = 1e-6;

export class Flows {
  #running: Flow[] = [];
  #rates: Float64Array = new Float64Array(0);
  /** Everything that something goes through now. */
  #used: Shared[] = [];
  #isChanged = false;
  #reckonedAt = 0;
  #nextEnd = Number.POSITIVE_INFINITY;

  get isIdle(): boolean {
    return this.#running.length === 0;
  }

  /** Seconds: when the first of them arrives, as long as none begins or ends before; it is as of the last `pass`. */
  get nextEnd(): number {
    return this.#nextEnd;
  }

  start(flow: Omit<Flow, 'isOver'>): Flow {
    const started: Flow = { ...flow, isOver: false };
    this.#running.push(started);
    this.#isChanged = true;
    return started;
  }

  /** Somebody went away. `done` is not called. */
  cut(flow: Flow): void {
    flow.isOver = true;
    this.#isChanged = true;
  }

  /** It is `now` (seconds): what was to arrive by now is told. */
  pass(now: number): void {
    if (now >= this.#nextEnd) for (const flow of this.#carry(now)) this.#tell(flow);
    // Who was told may have begun something new.
    while (this.#isChanged) {
      this.#isChanged = false;
      const done = this.#carry(now);
      this.#running = this.#running.filter((flow) => !flow.isOver && flow.left > LEAST);
      this.#rates = this.#reckon(this.#running);
      this.#nextEnd = Number.POSITIVE_INFINITY;
      for (const [index, { left }] of this.#running.entries())
        this.#nextEnd = Math.min(this.#nextEnd, now + left / (this.#rates[index] ?? 0));
      for (const flow of done) this.#tell(flow);
    }
  }

  #tell(flow: Flow): void {
    if (flow.isOver) return;
    this.cut(flow);
    flow.done();
  }

  /** Lets everything go on from the last time until `now`; answers what has arrived. Flows begun since do not move yet. */
  #carry(now: number): readonly Flow[] {
    const seconds = now - this.#reckonedAt;
    this.#reckonedAt = now;
    const done: Flow[] = [];
    if (seconds <= 0) return done;
    for (let index = 0; index < this.#rates.length; index++) {
      const flow = this.#running[index];
      if (!flow) break;
      const units = Math.min(flow.left, (this.#rates[index] ?? 0) * seconds);
      flow.left -= units;
      for (const one of flow.through) one.carried += units;
      flow.came(units);
      if (flow.left <= LEAST) done.push(flow);
    }
    for (const one of this.#used) one.busySeconds += Math.min(1, one.load.used / one.load.capacity) * seconds;
    return done;
  }

  #reckon(flows: readonly Flow[]): Float64Array {
    for (const { load } of this.#used) load.flows = 0;
    const used: Shared[] = [];
    for (const { through } of flows)
      for (const one of through) {
        if (one.load.flows === 0) used.push(one);
        one.load.flows += 1;
      }
    this.#used = used;
    for (const { load, perSecond } of used) {
      load.capacity = perSecond(load.flows);
      load.share = load.capacity / load.flows;
      load.used = 0;
    }
    const rates = new Float64Array(flows.length);
    for (const [index, { through, most }] of flows.entries()) {
      let rate = most;
      for (const { load } of through) rate = Math.min(rate, load.share);
      for (const { load } of through) load.used += rate;
      rates[index] = rate;
    }
    // What is left over goes to those that could use it; each asks for no more than its part of it.
    for (const [index, { through, most }] of flows.entries()) {
      const rate = rates[index] ?? 0;
      let grown = most;
      for (const { load } of through) grown = Math.min(grown, (rate * load.capacity) / Math.max(load.used, 1e-9));
      if (grown > rate) rates[index] = grown;
    }
    for (const { load } of used) load.used = 0;
    for (const [index, { through }] of flows.entries()) for (const { load } of through) load.used += rates[index] ?? 0;
    return rates;
  }
}
