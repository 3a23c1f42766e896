import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laterChoices, laterUntil, NEXT_START } from '../../service/api/later.ts';

const at = (day: number, hour: number, minute = 0): number => new Date(2026, 2, day, hour, minute).getTime();

test('tomorrow is the next morning, tonight is six in the evening', () => {
  assert.equal(laterUntil('tomorrow', at(1, 23, 30)) * 1000, at(2, 6));
  assert.equal(laterUntil('tomorrow', at(1, 0, 5)) * 1000, at(2, 6));
  assert.equal(laterUntil('tonight', at(1, 10)) * 1000, at(1, 18));
  assert.equal(laterUntil('turnOff', at(1, 10)), NEXT_START);
});

test('a dead clock knows only the next start', () => {
  assert.deepEqual(laterChoices(0), ['turnOff']);
  assert.equal(laterUntil('tomorrow', 0), NEXT_START);
});

test('in the evening nobody is offered tonight', () => {
  assert.deepEqual(laterChoices(at(1, 9)), ['tonight', 'tomorrow', 'turnOff']);
  assert.deepEqual(laterChoices(at(1, 18)), ['tomorrow', 'turnOff']);
});
