/**
 * From whom the next blob is asked (DESIGN 8: a neighbour before the school server, that before the site behind it;
 * several at once). Pure: the swarm says what it knows of each source, this says which one.
 */
import type { Occasion } from './fetch-policy.ts';
import type { Source } from './ports.ts';

/**
 * Whether sources of this kind may be asked at all. Over a connection that costs money the site behind the school is for what
 * a person asked for; neighbours and the school server cost nothing.
 */
export function mayAsk(
  kind: Source['kind'],
  { isMetered, occasion }: { readonly isMetered: boolean; readonly occasion: Occasion },
): boolean {
  return (kind !== 'origin' && kind !== 'rsync') || !isMetered || occasion === 'person';
}

/** A connection with less than this keeps its giver, who has few places, waiting. */
const LEAST_SHARE_BYTES = 32 * 1024;

/** How many requests may be out in all under a cap of so many bytes a second; 0: none. */
export function requestsAtOnce(rateBytesPerSecond: number, most: number): number {
  if (rateBytesPerSecond === 0) return most;
  return Math.max(1, Math.min(most, Math.floor(rateBytesPerSecond / LEAST_SHARE_BYTES)));
}

/** The lot of a source, from a draw (0 ≤ x < 1): where all else is equal, who gave before comes first. */
export function lotOf(isProven: boolean, draw: number): number {
  return isProven ? draw / 2 : 0.5 + draw / 2;
}

/** Whom to ask one after the other: those that gave before first, each group in fresh turns, by `lot` (0 ≤ x < 1). */
export function inTurn<One extends { readonly id: string }>(
  all: readonly One[],
  isProven: (id: string) => boolean,
  lot: number,
): readonly One[] {
  const turned = (some: readonly One[]): readonly One[] => {
    const start = Math.floor(lot * some.length);
    return [...some.slice(start), ...some.slice(0, start)];
  };
  return [...turned(all.filter(({ id }) => isProven(id))), ...turned(all.filter(({ id }) => !isProven(id)))];
}

export interface SourceView {
  readonly id: string;
  readonly kind: Source['kind'];
  /** Requests that are out now. */
  readonly inFlight: number;
  /** How many it was found to take at one time. */
  readonly limit: number;
  /** Failures (stall, break, busy) since it last gave something. */
  readonly failures: number;
  /** How many blobs in a row it did not have. */
  readonly misses: number;
  /** Measured while it was giving; 0: not measured yet. */
  readonly rateBytesPerSecond: number;
  /** It is to be left alone for now. */
  readonly waiting: boolean;
  /** Neighbours near are getting the same: what one of them has is theirs to give, and the school's is for what none has. */
  readonly crowd?: boolean;
  /** Drawn once for each source, 0 ≤ x < 1, so that a class of laptops does not fall upon the same neighbour. */
  readonly lot: number;
}

const RANK: Readonly<Record<Source['kind'], number>> = { peer: 0, folder: 0, school: 1, origin: 2, rsync: 4 };
/** Behind all others: whoever did not have the last so many blobs is asked only for what nobody else has. */
const LAST_RANK = 5;
const MANY_MISSES = 8;
/** Below this a source alone would take hours for a version: others are asked beside it. */
const SLOW_BYTES_PER_SECOND = 64 * 1024;
/** So many good sources of better ranks leave the lower ranks alone. */
const ENOUGH = 2;

export function rank(view: SourceView): number {
  return view.misses >= MANY_MISSES ? LAST_RANK : RANK[view.kind];
}

function isGood(view: SourceView): boolean {
  const slow = view.rateBytesPerSecond > 0 && view.rateBytesPerSecond < SLOW_BYTES_PER_SECOND;
  return !view.waiting && view.failures === 0 && !slow;
}

/**
 * How many requests may be out at this source. All it takes, if no good source has a better rank; a single one beside
 * exactly one good better source, so that the two are faster than one and little is asked of the school; else none.
 */
export function allowance(view: SourceView, all: readonly SourceView[], perSource: number): number {
  return allowed(view, ranksOfGood(all), perSource);
}

/** Of a large class every view is looked at once, not once for each other. */
function ranksOfGood(all: readonly SourceView[]): readonly number[] {
  const ranks: number[] = [];
  for (const view of all) if (isGood(view)) ranks[rank(view)] = (ranks[rank(view)] ?? 0) + 1;
  return ranks;
}

function allowed(view: SourceView, good: readonly number[], perSource: number): number {
  if (view.waiting) return 0;
  const mine = rank(view);
  let better = 0;
  for (let other = 0; other < mine; other++) better += good[other] ?? 0;
  if (view.crowd) better *= ENOUGH;
  // After trouble one request tells whether it is over.
  const most = view.failures > 0 ? 1 : Math.min(perSource, view.limit);
  if (better === 0) return most;
  return better < ENOUGH && mine < LAST_RANK ? 1 : 0;
}

/**
 * The source for the next blob, or `undefined` if none has room. `all` are the sources that may have that blob. Best
 * rank first; then the one with the fewest failures, the most room for its rate, and at last the lot.
 */
export function chooseSource(all: readonly SourceView[], perSource: number): string | undefined {
  const good = ranksOfGood(all);
  let best: SourceView | undefined;
  for (const view of all) {
    if (view.inFlight >= allowed(view, good, perSource)) continue;
    if (best === undefined || compare(view, best) < 0) best = view;
  }
  return best?.id;
}

function compare(a: SourceView, b: SourceView): number {
  return rank(a) - rank(b) || a.failures - b.failures || load(a) - load(b) || a.lot - b.lot;
}

/** Requests out for each unit of speed: unmeasured sources count as fast, so that they get measured. */
function load(view: SourceView): number {
  const rate = view.rateBytesPerSecond === 0 ? 1024 * 1024 : view.rateBytesPerSecond;
  return view.inFlight / Math.min(rate, 16 * 1024 * 1024);
}

export interface RunningTransfer {
  readonly remainingBytes: number;
  readonly rateBytesPerSecond: number;
}

/** Worth the trouble of a new request. */
const STEAL_BYTES = 256 * 1024;
const STEAL_GAIN_SECONDS = 5;

/**
 * When nothing is left to ask for, may an idle source take over the rest of a running transfer? Only if it would be
 * done well before. `otherRate` 0: never measured; then only what is very slow is taken over.
 */
export function worthStealing(running: RunningTransfer, otherRate: number): boolean {
  if (running.remainingBytes < STEAL_BYTES) return false;
  const here = running.remainingBytes / Math.max(1, running.rateBytesPerSecond);
  const there = running.remainingBytes / (otherRate === 0 ? SLOW_BYTES_PER_SECOND : otherRate);
  return here > 2 * there + STEAL_GAIN_SECONDS;
}
