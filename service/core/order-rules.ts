/**
 * What an order means for one laptop at one moment. Pure: nothing here reads a clock, a disk or the network.
 *
 * Everything about neighbours is hearsay. Whoever lies here can make laptops wait, or go before the canaries are done; never
 * onto a version that the release role did not sign, for that is judged elsewhere.
 */
import { createHash } from 'node:crypto';
import type { OrderWait } from '../api/model.ts';
import type { UpdaterState } from '../api/states.ts';
import { mayMoveTo } from './trust.ts';

/** In `classes`: every laptop that follows the image. */
const EVERYBODY = '*';
/** A clock that jumped years ahead must not restart a laptop that has just heard the order. */
export const LEAST_NOTICE_MS = 10 * 60_000;

export interface OrderTerms {
  readonly version: number;
  readonly epoch: number;
  /** `now`, `next-boot` or RFC 3339. */
  readonly when: string;
  /** RFC 3339. */
  readonly deadline: string;
  readonly canaries: number;
  readonly haltAfter: number;
  readonly allowDowngrade: boolean;
  readonly classes: readonly string[];
}

/** This laptop. Versions: 0 for none. */
export interface OrderSelf {
  readonly id: string;
  readonly classes: readonly string[];
  readonly booted: number;
  readonly current: number;
  readonly local: readonly number[];
  /** Versions that did not start here, or that a person went back from. */
  readonly shunned: readonly number[];
  /** Unix seconds; 0: not put off; -1: until the next start. */
  readonly deferredUntil: number;
  readonly state: UpdaterState;
  /** The order was halted before, as seen from here: it stays so. */
  readonly halted: boolean;
}

/** One that was heard of since the order came, this laptop left out. */
export interface OrderNeighbour {
  readonly id: string;
  readonly alive: boolean;
  readonly version: number;
  /** The version it went back from by itself; 0: none. */
  readonly wentBackFrom: number;
  /** Whether it would do as orders say: it is in the class, and nothing is in its way. */
  readonly follows: boolean;
}

export interface OrderMoment {
  /** By this machine's clock. */
  readonly wallSeconds: number;
  /** By signatures, the order's own among them: a clock that is before this is dead. */
  readonly trustedSeconds: number;
  /** Monotonic, since this laptop heard the order (or was started). */
  readonly heardForMs: number;
}

export interface OrderVerdict {
  readonly waits: OrderWait;
  readonly act: 'nothing' | 'fetch' | 'choose' | 'restart';
}

const SETTLED: readonly UpdaterState[] = ['idle', 'available', 'ready', 'failed'];

/** What the order waits for here, and what is to be done now. */
export function judgeOrder(
  order: OrderTerms,
  self: OrderSelf,
  neighbours: readonly OrderNeighbour[],
  moment: OrderMoment,
): OrderVerdict {
  const { version } = order;
  const waiting = (waits: OrderWait): OrderVerdict => ({ waits, act: 'nothing' });
  if (!concerns(order, self.classes)) return waiting('class');
  if (self.booted === version) return waiting('done');
  if (!mayMoveTo(version, self.booted, order.allowDowngrade ? 'order-allowing-downgrade' : 'order'))
    return waiting('done');
  if (isHalted(order, self, neighbours)) return waiting('halted');
  if (!isTurnOf(order, self.id, neighbours)) return waiting('canaries');

  const isOver = deadlineIsOver(order, moment);
  const isPutOff =
    !isOver && (self.deferredUntil === -1 || (self.deferredUntil > 0 && self.deferredUntil > moment.wallSeconds));
  if (!SETTLED.includes(self.state)) return waiting('');
  if (self.current === version) return { waits: '', act: isOver ? 'restart' : 'nothing' };
  // Bytes may come while a child says later: only what is seen of it waits.
  if (!self.local.includes(version)) return { waits: '', act: 'fetch' };
  return { waits: '', act: isPutOff || !(isOver || hasBegun(order, moment)) ? 'nothing' : 'choose' };
}

/** An order for nobody takes back the one before it. */
export function concerns({ classes }: Pick<OrderTerms, 'classes'>, own: readonly string[]): boolean {
  return classes.includes(EVERYBODY) || classes.some((one) => own.includes(one));
}

/** By this laptop's own experience, or because so many others went back. */
export function isHalted(
  { version, haltAfter }: Pick<OrderTerms, 'version' | 'haltAfter'>,
  { shunned, halted }: Pick<OrderSelf, 'shunned' | 'halted'>,
  neighbours: readonly OrderNeighbour[],
): boolean {
  if (halted || shunned.includes(version)) return true;
  return haltAfter > 0 && neighbours.filter((one) => one.wentBackFrom === version).length >= haltAfter;
}

/**
 * As many as `canaries` go first: those whose hash of order and id is lowest, so that everybody who hears the same laptops
 * says the same, and it is not the same children each time. The others follow once so many run the version. Whoever went
 * back, went away or does not follow leaves its place to the next.
 */
function isTurnOf(order: OrderTerms, id: string, neighbours: readonly OrderNeighbour[]): boolean {
  const runs = neighbours.filter((one) => one.version === order.version).length;
  const places = order.canaries - runs;
  if (order.canaries === 0 || places <= 0) return true;
  const own = rank(order.epoch, id);
  const before = neighbours.filter(
    (one) =>
      one.alive &&
      one.follows &&
      one.version !== order.version &&
      one.wentBackFrom !== order.version &&
      rank(order.epoch, one.id) < own,
  );
  return before.length < places;
}

function rank(epoch: number, id: string): string {
  return createHash('sha256').update(`${epoch}:${id}`).digest('hex');
}

/** `when` with a time; a dead clock has not reached it, and the deadline and the next order will do. */
function hasBegun({ when }: OrderTerms, moment: OrderMoment): boolean {
  return when === 'now' || when === 'next-boot' || isReached(when, moment);
}

function deadlineIsOver({ deadline }: OrderTerms, moment: OrderMoment): boolean {
  return isReached(deadline, moment) && moment.heardForMs >= LEAST_NOTICE_MS;
}

function isReached(time: string, { wallSeconds, trustedSeconds }: OrderMoment): boolean {
  return wallSeconds >= trustedSeconds && wallSeconds >= Date.parse(time) / 1000;
}
