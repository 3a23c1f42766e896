import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPDATER_STATES, type UpdaterState } from '../../../service/api/states.ts';
import { nextState, UPDATER_EVENTS, type UpdaterEvent } from '../../../service/core/transitions.ts';

/** The whole product, written out a second time: `.` is refused. Columns in the order of UPDATER_EVENTS. */
const EXPECTED: Readonly<Record<UpdaterState, string>> = {
  //          check nothing newer ready get fetched staged cancel choose restart trouble
  idle: 'checking idle available ready fetching . . . . restarting .',
  checking: '. idle available ready fetching . . idle . . failed',
  available: 'checking idle available ready fetching . . . . restarting .',
  fetching: '. . . . . staging . available . . failed',
  staging: '. . . . . . ready available . . failed',
  ready: 'checking idle available ready fetching . . . idle restarting .',
  restarting: '. . . . . . . . . restarting failed',
  failed: 'checking idle available ready fetching . . idle . restarting .',
};

test('every state answers every event as the table says', () => {
  for (const state of UPDATER_STATES) {
    const row = EXPECTED[state].split(' ');
    assert.equal(row.length, UPDATER_EVENTS.length);
    for (const [column, event] of UPDATER_EVENTS.entries()) {
      assert.equal(nextState(state, event) ?? '.', row[column], `${state} × ${event}`);
    }
  }
});

test('every state can be reached from idle and has a way back to idle', () => {
  const reachable = (start: UpdaterState): Set<UpdaterState> => {
    const seen = new Set<UpdaterState>([start]);
    for (const state of seen) {
      for (const event of UPDATER_EVENTS) {
        const next = nextState(state, event);
        if (next) seen.add(next);
      }
    }
    return seen;
  };
  assert.deepEqual([...reachable('idle')].sort(), [...UPDATER_STATES].sort());
  for (const state of UPDATER_STATES) assert.ok(reachable(state).has('idle'), state);
});

test('while bytes are on their way nothing but their end, a cancel or trouble changes the state', () => {
  const quiet = UPDATER_EVENTS.filter(
    (event: UpdaterEvent) => !['fetched', 'staged', 'cancel', 'trouble'].includes(event),
  );
  for (const event of quiet) {
    assert.equal(nextState('fetching', event), undefined, event);
    assert.equal(nextState('staging', event), undefined, event);
  }
});
