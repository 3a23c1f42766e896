/** When a laptop looks around by itself. Pure; milliseconds, monotonic; `random` is 0 ≤ x < 1. */

/** Neighbours that appear together (a class opens its laptops) cause one look. */
const SETTLE_MS = 1500;
/** However much neighbours announce, they cannot make a laptop look more often. */
const LEAST_BETWEEN_MS = 20_000;

/** How long until the look that a hint from a neighbour causes. */
export function hintedLookMs(lastLookMs: number, nowMs: number): number {
  return Math.max(SETTLE_MS, lastLookMs + LEAST_BETWEEN_MS - nowMs);
}

/** Between half and one and a half times the mean: laptops that were switched on together do not look together. */
export function ownLookMs(meanMinutes: number, random: number): number {
  return meanMinutes * 60_000 * (0.5 + random);
}
