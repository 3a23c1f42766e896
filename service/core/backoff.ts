/** Waiting after failures. */

export interface BackoffRange {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Doubles with every failure in a row, from `firstMs` up to `mostMs`; of that between half and all, by `random`
 * (0 ≤ random < 1): schools whose upstream was down must not come back at the same moment.
 */
export function backoffMs(failures: number, { firstMs, mostMs }: BackoffRange, random: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), 52);
  return Math.min(firstMs * 2 ** doublings, mostMs) * (0.5 + random / 2);
}
