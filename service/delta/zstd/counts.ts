/** How often each symbol stands in a table of finite state entropy, as it is sent (RFC 8878, 4.1.1); and as the usual packer chooses it. */
import { BitWriter, ForwardBits } from './bits.ts';
import { damaged, highestBit } from './format.ts';

export const MIN_LOG = 5;
const LOG_BITS = 4;
const RUN_BITS = 2;
const FULL_RUN = 3;

/** For each symbol its states of 2^log; -1: less than one, which takes one. The last is not 0. */
export interface Counts {
  readonly log: number;
  readonly counts: Int16Array;
}

/** The value that is sent so may be shorter by a bit: those below `short` are. */
function shortValues(left: number): { readonly bits: number; readonly short: number } {
  const bits = highestBit(left + 1) + 1;
  return { bits, short: (1 << bits) - 1 - (left + 1) };
}

export function readCounts(
  bytes: Uint8Array,
  maxSymbol: number,
  maxLog: number,
): Counts & { readonly sizeBytes: number } {
  const source = new ForwardBits(bytes);
  const log = source.take(LOG_BITS) + MIN_LOG;
  if (log > maxLog) throw damaged();
  const counts: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    const { bits, short } = shortValues(left);
    const low = source.peek(bits - 1);
    let value = low;
    if (low < short) source.skip(bits - 1);
    else {
      value = source.take(bits);
      if (value >= 1 << (bits - 1)) value -= short;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    for (let run = count === 0 ? FULL_RUN : 0; run === FULL_RUN; ) {
      run = source.take(RUN_BITS);
      for (let i = 0; i < run; i++) counts.push(0);
      if (counts.length > maxSymbol) break;
    }
    if (counts.length > maxSymbol + 1 || left < 0) throw damaged();
  }
  if (counts.at(-1) === 0) throw damaged();
  return { log, counts: Int16Array.from(counts), sizeBytes: source.usedBytes };
}

export function writeCounts({ log, counts }: Counts): Uint8Array {
  const out = new BitWriter();
  out.add(log - MIN_LOG, LOG_BITS);
  let left = 1 << log;
  for (let symbol = 0; left > 0 && symbol < counts.length; symbol++) {
    const count = counts[symbol] ?? 0;
    const { bits, short } = shortValues(left);
    const value = count + 1;
    if (value < short) out.add(value, bits - 1);
    else out.add(value < 1 << (bits - 1) ? value : value + short, bits);
    left -= Math.abs(count);
    if (count !== 0) continue;
    let run = 0;
    while (counts[symbol + 1 + run] === 0) run++;
    symbol += run;
    for (; run >= FULL_RUN; run -= FULL_RUN) out.add(FULL_RUN, RUN_BITS);
    out.add(run, RUN_BITS);
  }
  return out.finish();
}

/** Which table of 2^`maxLog` states at most suits so many symbols, of which the highest is `maxSymbol`. `spare`: bits that are saved on short ones. */
export function usualLog(total: number, maxSymbol: number, maxLog: number, spare = 2): number {
  const least = Math.min(highestBit(total) + 1, highestBit(Math.max(1, maxSymbol)) + 2);
  const most = Math.min(maxLog, highestBit(Math.max(1, total - 1)) - spare);
  return Math.max(MIN_LOG, Math.min(maxLog, Math.max(most, least)));
}

/** By how much more than a whole state a symbol with few of them must have come, in parts of 2^20, to get one more. */
const ROUND_UP = [0, 473195, 504333, 520860, 550000, 700000, 750000, 830000];
const PART = 2 ** 20;

/**
 * What libzstd makes of how often each symbol came. `rare`: what a symbol gets that is worth no state: -1 or 1. A guess: whoever uses it
 * says where it is wrong.
 */
export function usualCounts(histogram: Uint32Array, total: number, log: number, rare: -1 | 1): Counts {
  let length = histogram.length;
  while (length > 0 && histogram[length - 1] === 0) length--;
  const counts = new Int16Array(length);
  const states = 1 << log;
  let left = states;
  let [largest, most] = [0, 0];
  for (let symbol = 0; symbol < length; symbol++) {
    const came = histogram[symbol] ?? 0;
    if (came === 0) continue;
    if (came <= Math.floor(total / states)) {
      counts[symbol] = rare;
      left--;
      continue;
    }
    const exact = (came * states) / total;
    let count = Math.floor(exact);
    if (count < ROUND_UP.length && (exact - count) * PART > (ROUND_UP[count] ?? 0)) count++;
    if (count > most) [largest, most] = [symbol, count];
    counts[symbol] = count;
    left -= count;
  }
  counts[largest] = (counts[largest] ?? 0) + left;
  return { log, counts };
}
