/** When a laptop may fetch, by what is known of its battery, the hour, and who wants it. Pure: nothing here reads a clock. */
import type { Severity } from '../api/model.ts';

/** Who wants it: a person at this laptop, a teacher by an order, or nobody but the configuration. */
export type Occasion = 'person' | 'order' | 'automatic';

export interface PowerNow {
  /** Per cent of the fullest battery; `undefined` where there is none. */
  readonly chargePercent: number | undefined;
  readonly onMains: boolean;
}

/** Minutes of the day, 0 to 1439; the end does not belong to it. It may go over midnight. */
export interface QuietHours {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** `metered`: only the site behind the school has it, and the way there costs money. */
export type FetchWait = 'battery' | 'quiet-hours' | 'metered';

export function isBelowFloor({ chargePercent, onMains }: PowerNow, floorPercent: number): boolean {
  return !onMains && chargePercent !== undefined && chargePercent < floorPercent;
}

/**
 * What a fetch has to wait for; `undefined`: nothing. The floor is for everybody, for an empty battery helps nobody; quiet
 * hours are kept by what comes by itself, unless it is critical.
 */
export function fetchWaits(now: {
  readonly occasion: Occasion;
  readonly severity: Severity;
  readonly power: PowerNow;
  readonly floorPercent: number;
  readonly isQuiet: boolean;
  readonly isMetered: boolean;
  /** A neighbour or a school server has it. */
  readonly isNear: boolean;
}): FetchWait | undefined {
  if (isBelowFloor(now.power, now.floorPercent)) return 'battery';
  if (now.isMetered && !now.isNear && now.occasion !== 'person') return 'metered';
  if (now.isQuiet && now.occasion === 'automatic' && now.severity === 'normal') return 'quiet-hours';
  return undefined;
}

/** `22:00-06:30`; `undefined` when it is not like that. Equal ends: no hour is quiet. */
export function parseQuietHours(text: string): QuietHours | undefined {
  const [, fromHour, fromMinute, toHour, toMinute] =
    /^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(text) ?? [];
  if (fromHour === undefined) return undefined;
  return {
    fromMinute: Number(fromHour) * 60 + Number(fromMinute),
    toMinute: Number(toHour) * 60 + Number(toMinute),
  };
}

export function isWithin({ fromMinute, toMinute }: QuietHours, minuteOfDay: number): boolean {
  return fromMinute <= toMinute
    ? minuteOfDay >= fromMinute && minuteOfDay < toMinute
    : minuteOfDay >= fromMinute || minuteOfDay < toMinute;
}
