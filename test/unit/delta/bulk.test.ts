import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { absoluteCalls, relativeCalls } from '../../../service/delta/ripdiff/bulk.ts';
import { decodeDiff, encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

test('the distances of calls come back from their absolute form, whatever the bytes', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seeded(seed);
    const bytes = random.bytes(random.integer(400));
    for (let i = 0; i < bytes.length; i++)
      if (random.integer(4) === 0) bytes[i] = random.pick([0xe8, 0xe9, 0, 0xff, 1]);
    const turned = Buffer.from(bytes);
    absoluteCalls(turned);
    relativeCalls(turned);
    assert.ok(turned.equals(bytes), `seed ${seed}`);
  }
});

test('new bytes in bulk come back the same, and a damaged piece is a clean error', () => {
  const random = seeded(11);
  const target = structuredBytes(random, 1_500_000);
  const old = target.subarray(0, 200_000);
  const diff = Buffer.from(encodeDiff(old, target));
  const parts: Buffer[] = [];
  decodeDiff(old, memorySource(diff), (part) => parts.push(Buffer.from(part)), { maxNewBytes: target.length });
  assert.ok(Buffer.concat(parts).equals(target));
  for (let i = 0; i < 30; i++) {
    const bad = Buffer.from(diff);
    bad[8 + random.integer(bad.length - 8)] = random.integer(256);
    const made: Buffer[] = [];
    try {
      decodeDiff(old, memorySource(bad), (part) => made.push(Buffer.from(part)), { maxNewBytes: target.length });
      assert.equal(Buffer.concat(made).length, target.length);
    } catch (error) {
      assert.ok(error instanceof RippleError, `${error}`);
    }
  }
});
