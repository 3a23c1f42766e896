import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../service/core/backoff.ts';

const RANGE = { firstMs: 5000, mostMs: 3_600_000 };

test('waiting doubles with every failure, up to a bound', () => {
  const most = [1, 2, 3, 4].map((failures) => backoffMs(failures, RANGE, 1));
  assert.deepEqual(most, [5000, 10_000, 20_000, 40_000]);
  for (const failures of [11, 100, 1_000_000]) assert.equal(backoffMs(failures, RANGE, 1), 3_600_000);
});

test('never at once, and never all at the same moment', () => {
  for (const failures of [0, 1, 5, 1000]) {
    assert.equal(backoffMs(failures, RANGE, 0), backoffMs(failures, RANGE, 1) / 2);
    assert.ok(backoffMs(failures, RANGE, 0) >= 2500);
  }
});
