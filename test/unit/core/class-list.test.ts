import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClassEntry, forgotten, heard, leftUs, withStuck } from '../../../service/core/class-list.ts';

const MINUTE = 60_000;
const STUCK = 15 * MINUTE;
const at = (nowMs: number, state: string, change = {}, before?: ClassEntry): ClassEntry =>
  heard('a', before, { state, version: 6, progress: 0, lastSeen: 1000, ...change }, nowMs);

test('what is told replaces what was known; an unknown state is shown as idle', () => {
  const first = at(0, 'fetching', { name: 'Ana', error: 'NoSource' });
  const { movedMs: _, ...info } = first;
  assert.deepEqual(info, {
    ...{ id: 'a', name: 'Ana', colours: '', version: 6, state: 'fetching', progress: 0 },
    ...{ lastSeen: 1000, stuck: false, error: 'NoSource' },
  });
  assert.equal(at(1, 'dreaming', {}, first).state, 'idle');
  assert.equal(at(1, 'fetching', {}, first).name, 'Ana');
});

test('stuck: at something and not moving for so long, or failed; never who waits for a tap or is away', () => {
  for (const state of ['checking', 'fetching', 'staging', 'restarting']) {
    assert.equal(withStuck(at(0, state), STUCK - 1, STUCK).stuck, false, state);
    assert.equal(withStuck(at(0, state), STUCK, STUCK).stuck, true, state);
  }
  for (const state of ['idle', 'available', 'ready'])
    assert.equal(withStuck(at(0, state), 10 * STUCK, STUCK).stuck, false, state);
  assert.equal(withStuck(at(0, 'failed'), 0, STUCK).stuck, true);
  const slow = at(STUCK - 1, 'fetching', { progress: 1 }, at(0, 'fetching'));
  assert.equal(withStuck(slow, STUCK, STUCK).stuck, false, 'it moved');
  const still = at(STUCK - 1, 'fetching', { lastSeen: 2000 }, at(0, 'fetching'));
  assert.equal(withStuck(still, STUCK, STUCK).stuck, true, 'being seen is not moving');
  const gone = leftUs(withStuck(at(0, 'failed'), 0, STUCK), 5);
  assert.deepEqual([gone.state, gone.stuck, gone.lastSeen], ['away', false, 1000]);
  assert.equal(leftUs(gone, 9), gone);
});

test('who is away is remembered for thirty days, and a thousand of them', () => {
  const day = 86_400;
  const entry = (id: string, state: string, lastSeen: number): ClassEntry => ({
    ...at(0, state),
    id,
    lastSeen,
    state: state === 'away' ? 'away' : 'idle',
  });
  const now = 100 * day;
  assert.deepEqual(
    forgotten(
      [entry('old', 'away', now - 31 * day), entry('new', 'away', now - 29 * day), entry('here', 'idle', 0)],
      now,
    ),
    ['old'],
  );
  const many = Array.from({ length: 1003 }, (_, i) => entry(`${i}`, 'away', now - i));
  assert.deepEqual(forgotten(many, now), ['1002', '1001', '1000']);
});
