import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionsToKeep } from '../../../service/core/retention.ts';

/** Ten bytes that all share, and one hundred for each, but version 5 is large. */
const cost = (versions: readonly number[]): number => {
  let sum = versions.length > 0 ? 10 : 0;
  for (const version of versions) sum += version === 5 ? 1000 : 100;
  return sum;
};

test('the newest ones, as many as are to be kept', () => {
  const rules = { keep: 3, spaceBytes: 0 };
  assert.deepEqual(versionsToKeep([9, 3, 7, 8, 7], [9], rules, cost), [7, 8, 9]);
  assert.deepEqual(versionsToKeep([9], [9], rules, cost), [9]);
  assert.deepEqual(versionsToKeep([], [], rules, cost), []);
});

test('as much as fits, without gaps', () => {
  assert.deepEqual(versionsToKeep([7, 8, 9], [9], { keep: 9, spaceBytes: 210 }, cost), [8, 9]);
  assert.deepEqual(versionsToKeep([7, 8, 9], [9], { keep: 9, spaceBytes: 209 }, cost), [9]);
  assert.deepEqual(versionsToKeep([4, 5, 6], [6], { keep: 9, spaceBytes: 500 }, cost), [6]);
});

test('what must stay stays, too many or too large', () => {
  assert.deepEqual(versionsToKeep([7, 8, 9], [7, 9], { keep: 1, spaceBytes: 1 }, cost), [7, 9]);
  assert.deepEqual(versionsToKeep([8, 9, 7], [7], { keep: 2, spaceBytes: 0 }, cost), [7, 9]);
});
