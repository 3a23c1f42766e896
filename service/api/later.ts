/** "Later": what a person can choose, and when that is. Pure; shared by the window that offers and the process that asks. */

export const LATER_CHOICES = ['tonight', 'tomorrow', 'turnOff'] as const;
/** `turnOff`: with the next start of the laptop, whenever that is. */
export type LaterChoice = (typeof LATER_CHOICES)[number];

/** What `Defer` calls "until the next start". */
export const NEXT_START = -1;
/** Before this, a clock has plainly lost the time: 2024-01-01, in milliseconds. */
const DEAD_CLOCK_MS = Date.UTC(2024, 0, 1);
const MORNING_HOUR = 6;
const EVENING_HOUR = 18;

function at(nowMs: number, days: number, hour: number): number {
  const time = new Date(nowMs);
  time.setDate(time.getDate() + days);
  time.setHours(hour, 0, 0, 0);
  return Math.floor(time.getTime() / 1000);
}

/** When "later" is over, in unix seconds or `NEXT_START`. A dead clock knows no evening. */
export function laterUntil(choice: LaterChoice, nowMs: number): number {
  if (choice === 'turnOff' || nowMs < DEAD_CLOCK_MS) return NEXT_START;
  return choice === 'tonight' ? at(nowMs, 0, EVENING_HOUR) : at(nowMs, 1, MORNING_HOUR);
}

/** What makes sense to offer now: in the evening no "tonight", on a dead clock only the next start. */
export function laterChoices(nowMs: number): readonly LaterChoice[] {
  if (nowMs < DEAD_CLOCK_MS) return ['turnOff'];
  return LATER_CHOICES.filter((choice) => choice !== 'tonight' || laterUntil('tonight', nowMs) * 1000 > nowMs);
}
