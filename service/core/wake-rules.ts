/**
 * The wake-up packet (DESIGN 8): a signed release in one UDP packet to the multicast group of those who lack it. Pure: groups,
 * who is to be woken, who repeats, and what one packet and a flood of them may cost. Times are monotonic milliseconds.
 */
import { createHash } from 'node:crypto';
import { type TokenBucket, takeTokens, tokenBucket } from './token-bucket.ts';

/** With its headers a packet of so many bytes fits the smallest MTU that IPv6 allows (RFC 8200, section 5). */
export const WAKE_MAX_BYTES = 1200;

export interface WakeGroup {
  /** In 239.255.0.0/16, the IPv4 Local Scope (RFC 2365, section 6.1). */
  readonly ipv4: string;
  /** In ff02::/16, of the link; the group ID is in the range for dynamic ones (RFC 3307, section 4.3). */
  readonly ipv6: string;
}

/** Where those listen who run `version` of `image`. Two versions may share a group by chance: then some hear for nothing. */
export function wakeGroup(image: string, version: number): WakeGroup {
  const hash = createHash('sha256').update(`ripple.wake/1 ${image} ${version}`).digest();
  // 239.255.255.x has groups that others use, SSDP's among them.
  const ipv4 = `239.255.${hash.readUInt8(0) % 255}.${hash.readUInt8(1)}`;
  const high = (hash.readUInt16BE(4) | 0x8000).toString(16);
  return { ipv4, ipv6: `ff02::${high}:${hash.readUInt16BE(6).toString(16)}` };
}

/** Packets for one release: a class has a few versions, and whoever is left out hears of it by mDNS. */
const MOST_GROUPS = 4;

/**
 * The versions whose groups hear of `newest`: those that neighbours without it run, the most frequent first; with no
 * neighbour heard, the one that was newest before.
 * @param neighbours what each runs, and holds besides; 0: nothing
 * @param before the newest until now; 0: none
 */
export function versionsToWake(
  newest: number,
  before: number,
  neighbours: readonly { readonly version: number; readonly held: number }[],
): readonly number[] {
  if (neighbours.length === 0) return before > 0 && before < newest ? [before] : [];
  const counts = new Map<number, number>();
  for (const { version, held } of neighbours)
    if (version > 0 && Math.max(version, held) < newest) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts]
    .sort(([a, many], [b, few]) => few - many || b - a)
    .map(([version]) => version)
    .slice(0, MOST_GROUPS);
}

/** Who repeats a packet waits so long, by `random` (0 ≤ random < 1), so that a class does not speak at once. */
export function repeatDelayMs(random: number): number {
  return 100 + random * 1900;
}

/** Suppression: the first one and two who repeated it are enough for a room where some hear only some. */
const ENOUGH_HEARD = 3;

/** @param heard how many packets with this release came on this link */
export function shouldRepeat(heard: number): boolean {
  return heard < ENOUGH_HEARD;
}

/** A normal release makes the next look come within so long; by chance, for a class must not ask at once. */
const NORMAL_WITHIN_MS = 10 * 60_000;
/** Small enough to be at once for people, and spread enough for whoever is asked by all of them. */
const CRITICAL_WITHIN_MS = 1500;

/** When a look follows a verified release. */
export function lookDelayMs(severity: 'normal' | 'critical', random: number): number {
  return random * (severity === 'critical' ? CRITICAL_WITHIN_MS : NORMAL_WITHIN_MS);
}

/** What a listener spends: packets looked at, signatures checked. */
export interface WakeBudget {
  readonly packets: TokenBucket;
  readonly checks: TokenBucket;
  /** How often in a row the packets were too many. */
  readonly floods: number;
  readonly deafUntilMs: number;
}

const PACKETS_PER_SECOND = 10;
const PACKETS_AT_ONCE = 60;
/** A check costs some milliseconds; a class has a new release now and then. */
const CHECKS_PER_SECOND = 0.2;
const CHECKS_AT_ONCE = 4;
/** From a flood a listener turns away, longer each time: what it does not listen to costs nothing. */
const FIRST_DEAF_MS = 10_000;
const LONGEST_DEAF_MS = 10 * 60_000;

export function wakeBudget(nowMs: number): WakeBudget {
  return {
    packets: tokenBucket(PACKETS_PER_SECOND, nowMs, PACKETS_AT_ONCE),
    checks: tokenBucket(CHECKS_PER_SECOND, nowMs, CHECKS_AT_ONCE),
    floods: 0,
    deafUntilMs: Number.NEGATIVE_INFINITY,
  };
}

/** A packet came: may it be looked at? If not, the listener is deaf until `deafUntilMs`. */
export function spendPacket(budget: WakeBudget, nowMs: number): { readonly budget: WakeBudget; readonly ok: boolean } {
  if (nowMs < budget.deafUntilMs) return { budget, ok: false };
  const { bucket, waitMs } = takeTokens(budget.packets, nowMs, 1);
  if (waitMs === 0) {
    // Quiet for long enough that all was saved up again: what was is forgotten.
    const floods = bucket.tokens >= bucket.burst - 1 ? 0 : budget.floods;
    return { budget: { ...budget, packets: bucket, floods }, ok: true };
  }
  const deafMs = Math.min(FIRST_DEAF_MS * 2 ** Math.min(budget.floods, 20), LONGEST_DEAF_MS);
  // It begins again with little, so that a flood that goes on is left at once.
  const packets = { ...bucket, tokens: PACKETS_PER_SECOND, atMs: nowMs + deafMs };
  return { budget: { ...budget, packets, floods: budget.floods + 1, deafUntilMs: nowMs + deafMs }, ok: false };
}

/** A packet says something worth a signature check: is there one left? */
export function spendCheck(budget: WakeBudget, nowMs: number): { readonly budget: WakeBudget; readonly ok: boolean } {
  const { bucket, waitMs } = takeTokens(budget.checks, nowMs, 1);
  return waitMs === 0 ? { budget: { ...budget, checks: bucket }, ok: true } : { budget, ok: false };
}
