/** Before this, a clock has plainly lost the time: 2024-01-01, in milliseconds. */
const DEAD_CLOCK_MS = Date.UTC(2024, 0, 1);
const MORNING_HOUR = 6;
/** What `Defer` calls "until the next start". */
export const NEXT_START = -1;

/** When "Later" is over, in unix seconds: tomorrow at six, or the next start where the clock is dead. */
export function tomorrow(nowMs: number): number {
  if (nowMs < DEAD_CLOCK_MS) return NEXT_START;
  const morning = new Date(nowMs);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  return Math.floor(morning.getTime() / 1000);
}
