/**
 * What a disk may hold when the power goes. A disk promises only that what was written before a flush is there after
 * it; of what was written since any part may be there, whatever the order, and the last sectors of a long write may be missing.
 */
import type { Random } from '../helpers/random.ts';
import type { LogEntry } from './block-log.ts';
import { type DiskImage, SECTOR_BYTES, type Write } from './disk-image.ts';

export type CrashKind = 'only flushed' | 'ordered prefix' | 'random subset';

export interface CrashState {
  /** The power went just before the entry of this number was asked for. */
  readonly before: number;
  readonly kind: CrashKind;
  /** Number of flushes so far: states of one epoch begin from the same durable content. */
  readonly epoch: number;
  /** What reached the medium since the last flush, in the order it did. */
  readonly writes: readonly Write[];
}

export interface Epoch {
  readonly number: number;
  readonly states: readonly CrashState[];
  /** What the flush at its end makes durable. */
  readonly flushed: readonly Write[];
}

/** Every epoch of the log in order, with `samples` random states at each entry. Equal states may occur. */
export function* crashEpochs(entries: readonly LogEntry[], samples: number, random: Random): Generator<Epoch> {
  let pending: Write[] = [];
  let states: CrashState[] = [];
  let epoch = 0;
  for (let before = 0; before <= entries.length; before++) {
    states.push({ before, epoch, kind: 'only flushed', writes: [] });
    if (pending.length > 0) {
      states.push({ before, epoch, kind: 'ordered prefix', writes: [...pending] });
      for (let sample = 0; sample < samples; sample++)
        states.push({ before, epoch, kind: 'random subset', writes: randomSubset(pending, random) });
    }
    const entry = entries[before];
    if (entry?.flush || entry?.forced || entry === undefined) {
      const own: Write[] = entry?.data ? [{ offset: entry.offset, data: entry.data }] : [];
      // A forced write promises itself, not the others; it is taken for a flush only where both are asked for.
      if (entry?.forced && !entry.flush) {
        yield { number: epoch++, states, flushed: own };
        states = [];
        continue;
      }
      yield { number: epoch++, states, flushed: pending };
      pending = own;
      states = [];
    } else if (entry.data) pending.push({ offset: entry.offset, data: entry.data });
  }
}

/** In the order of asking: that only matters where two writes overlap, and there a disk keeps the later one. */
function randomSubset(pending: readonly Write[], random: Random): Write[] {
  // Sometimes nearly all arrived, sometimes nearly nothing.
  const share = 5 + random.integer(91);
  const chosen = pending.filter(() => random.integer(100) < share);
  return chosen.map((write) => (random.integer(4) === 0 ? torn(write, random) : write));
}

function torn({ offset, data }: Write, random: Random): Write {
  const sectors = data.length / SECTOR_BYTES;
  return sectors < 2
    ? { offset, data }
    : { offset, data: data.subarray(0, (1 + random.integer(sectors - 1)) * SECTOR_BYTES) };
}

/** Moves `image` past the end of an epoch. */
export function flush(image: DiskImage, epoch: Epoch): void {
  for (const write of epoch.flushed) image.apply(write);
}
