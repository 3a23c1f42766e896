/** Who is in a class and how far, folded from what neighbours announce and report. Pure: times are given. */
import type { LaptopInfo, LaptopState } from '../api/model.ts';
import { UPDATER_STATES, type UpdaterState } from '../api/states.ts';

const DAY_SECONDS = 24 * 3600;
const KEPT_SECONDS = 30 * DAY_SECONDS;
const MOST_KEPT = 1000;

/** At something, so that standing still is worth a look. Waiting for a tap is not. */
const WORKING: readonly LaptopState[] = ['checking', 'fetching', 'staging', 'restarting'];

export interface ClassEntry extends LaptopInfo {
  /** Monotonic milliseconds when version, state or progress last changed. */
  readonly movedMs: number;
}

export type Told = Partial<Pick<LaptopInfo, 'name' | 'colours' | 'version' | 'progress' | 'lastSeen' | 'error'>> & {
  readonly state: string;
};

/** The entry after its laptop told something. An unknown state, of a later release, is shown as `idle`. */
export function heard(id: string, before: ClassEntry | undefined, { state, ...told }: Told, nowMs: number): ClassEntry {
  const fresh: ClassEntry = {
    ...{ id, name: '', colours: '', version: 0, state: 'idle', progress: 0, lastSeen: 0, stuck: false, error: '' },
    ...{ movedMs: nowMs, state: 'idle' },
  };
  const entry: ClassEntry = { ...(before ?? fresh), ...told, state: asState(state) };
  const moved =
    !before || before.version !== entry.version || before.state !== entry.state || before.progress !== entry.progress;
  return moved ? { ...entry, movedMs: nowMs } : entry;
}

export function leftUs(entry: ClassEntry, nowMs: number): ClassEntry {
  return entry.state === 'away' ? entry : { ...entry, state: 'away', stuck: false, movedMs: nowMs };
}

/** It said that it cannot go on, or is at something and has not moved for so long. */
export function withStuck(entry: ClassEntry, nowMs: number, stuckMs: number): ClassEntry {
  const stuck = entry.state === 'failed' || (WORKING.includes(entry.state) && nowMs - entry.movedMs >= stuckMs);
  return stuck === entry.stuck ? entry : { ...entry, stuck };
}

/** Ids to be forgotten: away for 30 days, and the longest away where there are too many. */
export function forgotten(entries: readonly ClassEntry[], wallSeconds: number): readonly string[] {
  const away = entries.filter((entry) => entry.state === 'away').sort((a, b) => a.lastSeen - b.lastSeen);
  const tooMany = Math.max(0, entries.length - MOST_KEPT);
  return away.filter((one, i) => i < tooMany || one.lastSeen < wallSeconds - KEPT_SECONDS).map(({ id }) => id);
}

function asState(state: string): UpdaterState {
  return UPDATER_STATES.find((one) => one === state) ?? 'idle';
}
