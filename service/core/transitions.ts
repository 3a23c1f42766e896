/** The updater's state machine as a pure table; `api/states.ts` draws it. */
import type { UpdaterState } from '../api/states.ts';

/**
 * What can happen. `checked` comes in three kinds, because where a check ends depends on what is on this laptop:
 * a staged version waits (`checked-ready`), somebody has a newer one (`checked-newer`), or nothing is new.
 */
export const UPDATER_EVENTS = [
  'check',
  'checked-nothing',
  'checked-newer',
  'checked-ready',
  'get',
  'fetched',
  'staged',
  'cancel',
  'choose',
  'restart',
  'trouble',
] as const;
export type UpdaterEvent = (typeof UPDATER_EVENTS)[number];

type Row = Readonly<Partial<Record<UpdaterEvent, UpdaterState>>>;

/** `settled` rows: news may come at any time while nothing is under way. */
const SETTLED: Row = {
  check: 'checking',
  'checked-nothing': 'idle',
  'checked-newer': 'available',
  'checked-ready': 'ready',
  get: 'fetching',
  restart: 'restarting',
};

const TABLE: Readonly<Record<UpdaterState, Row>> = {
  idle: SETTLED,
  available: SETTLED,
  // `choose` leads out of `ready`: the version is no longer staged but current, and only a restart is wanting.
  ready: { ...SETTLED, choose: 'idle' },
  // `cancel` after a failure means "I have seen it".
  failed: { ...SETTLED, cancel: 'idle' },
  checking: {
    'checked-nothing': 'idle',
    'checked-newer': 'available',
    'checked-ready': 'ready',
    get: 'fetching',
    cancel: 'idle',
    trouble: 'failed',
  },
  fetching: { fetched: 'staging', cancel: 'available', trouble: 'failed' },
  staging: { staged: 'ready', cancel: 'available', trouble: 'failed' },
  restarting: { trouble: 'failed', restart: 'restarting' },
};

/** The state after `event`, or `undefined` where the event has no place (a caller then hears `WrongState`). */
export function nextState(state: UpdaterState, event: UpdaterEvent): UpdaterState | undefined {
  return TABLE[state][event];
}
