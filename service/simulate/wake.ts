/** Wake-up packets in one network at the moment when a version is new, by the rules of `core/wake-rules.ts`. */
import { repeatDelayMs, shouldRepeat } from '../core/wake-rules.ts';
import type { Random } from './random.ts';

/** Of packets to a group in the air so many are lost: nobody confirms them. */
const LOST = 0.1;

export interface WakeOutcome {
  readonly packets: number;
  /** For each who listens, how long after the first packet it heard one; `undefined`: never. */
  readonly heardMs: readonly (number | undefined)[];
}

export function wakeUp(listeners: number, random: Random): WakeOutcome {
  const heard = new Array<number>(listeners).fill(0);
  const heardMs = new Array<number | undefined>(listeners).fill(undefined);
  const repeats: { readonly atMs: number; readonly who: number }[] = [];
  let packets = 0;
  const send = (atMs: number, from: number | undefined): void => {
    packets += 1;
    for (let who = 0; who < listeners; who++) {
      if (who === from || random.chance(LOST)) continue;
      heard[who] = (heard[who] ?? 0) + 1;
      if (heardMs[who] !== undefined) continue;
      heardMs[who] = atMs;
      repeats.push({ atMs: atMs + repeatDelayMs(random.next()), who });
    }
  };
  send(0, undefined);
  while (repeats.length > 0) {
    repeats.sort((a, b) => b.atMs - a.atMs);
    const next = repeats.pop();
    if (next && shouldRepeat(heard[next.who] ?? 0)) send(next.atMs, next.who);
  }
  return { packets, heardMs };
}
