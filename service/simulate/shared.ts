/** Something that several use at once: a link, the air of a channel, the processor of a machine. */
import type { Flow } from './flows.ts';

export interface Shared {
  readonly name: string;
  /** Units (bytes; seconds of work) in a second, for so many flows at once. */
  readonly perSecond: (flows: number) => number;
  /** Units that went through it. */
  carried: number;
  /** Seconds in which it was in use, weighed by how much of it. */
  busySeconds: number;
  /** The rest belongs to `flows.ts`: what goes through it now, and how it is divided. */
  readonly flows: Set<Flow>;
  capacity: number;
  /** For each flow, where all are alike. */
  share: number;
  /** What they use if each keeps to the smallest of its shares. */
  kept: number;
  /** What they use. */
  used: number;
  /** Seconds up to which `busySeconds` is reckoned. */
  reckonedAt: number;
}

export function shared(name: string, perSecond: number | ((flows: number) => number)): Shared {
  return {
    name,
    perSecond: typeof perSecond === 'number' ? () => perSecond : perSecond,
    carried: 0,
    busySeconds: 0,
    flows: new Set(),
    capacity: 0,
    share: 0,
    kept: 0,
    used: 0,
    reckonedAt: 0,
  };
}
