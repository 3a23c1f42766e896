import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeTokens, tokenBucket } from '../../../service/core/token-bucket.ts';

test('a burst goes at once, what follows waits at the rate', () => {
  let taken = takeTokens(tokenBucket(1000, 0, 0), 0, 1000);
  assert.equal(taken.waitMs, 0);
  taken = takeTokens(taken.bucket, 0, 500);
  assert.equal(taken.waitMs, 500);
  taken = takeTokens(taken.bucket, 0, 500);
  assert.equal(taken.waitMs, 1000, 'whoever comes next waits for the debt of those before');
});

test('over a long time no more is given than the rate and one burst', () => {
  let bucket = tokenBucket(10_000, 0, 4096);
  let now = 0;
  let given = 0;
  for (let i = 0; i < 500; i++) {
    const taken = takeTokens(bucket, now, 4096);
    bucket = taken.bucket;
    now += taken.waitMs;
    given += 4096;
  }
  assert.ok(given <= 10_000 + (now * 10_000) / 1000, `${given} bytes in ${now} ms`);
});

test('rest fills the bucket to its burst and no further; time that goes back gives nothing', () => {
  const empty = takeTokens(tokenBucket(1000, 0, 0), 0, 1000).bucket;
  assert.equal(takeTokens(empty, 1_000_000, 1001).waitMs, 1);
  assert.equal(takeTokens(empty, -5000, 1).waitMs, 1);
});
