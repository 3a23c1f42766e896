import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { baseOf, encodeSolid, SolidDecoder, type SolidRecord } from '../../../service/delta/ripdiff/index.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

function records(seed: number, count: number): SolidRecord[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const old = structuredBytes(random, random.integer(3000));
    const target = edited(random, old, 3);
    return i % 3 === 0 ? { target, hint: { path: `f${i}` } } : { base: baseOf(old), target, hint: { path: `f${i}` } };
  });
}

function decode(given: readonly SolidRecord[], stream: Uint8Array, step: number): Buffer[] {
  const done: Buffer[] = [];
  let parts: Buffer[] = [];
  const decoder = new SolidDecoder(
    {
      base: (i) => given[i]?.base,
      maxNewBytes: (i) => given[i]?.target.length ?? 0,
      data: (_, bytes) => parts.push(Buffer.from(bytes)),
      end: () => {
        done.push(Buffer.concat(parts));
        parts = [];
      },
    },
    { maxFrameBytes: 1 << 20 },
  );
  for (let at = 0; at < stream.length; at += step) decoder.push(stream.subarray(at, at + step));
  decoder.finish();
  return done;
}

test('a solid stream gives every file back, however it is cut up', () => {
  const given = records(5, 120);
  const stream = encodeSolid(given);
  for (const step of [1, 777, stream.length]) {
    const done = decode(given, stream, step);
    assert.equal(done.length, given.length);
    for (const [i, record] of given.entries()) assert.ok(done[i]?.equals(record.target), `record ${i}`);
  }
});

test('a stream of no files is empty', () => {
  assert.equal(encodeSolid([]).length, 0);
  assert.deepEqual(decode([], new Uint8Array(0), 1), []);
});

test('alike small files cost far less together than apart', () => {
  const random = seeded(3);
  const text = structuredBytes(random, 900);
  const given = Array.from({ length: 50 }, (_, i) => ({
    target: edited(random, text, 2),
    hint: { path: `zone/${i}` },
  }));
  const apart = given.reduce((sum, record) => sum + encodeSolid([record]).length, 0);
  assert.ok(encodeSolid(given).length * 5 < apart);
});

test('a stream cut short, or with a frame that is too large, is refused', () => {
  const given = records(6, 30);
  const stream = Buffer.from(encodeSolid(given));
  assert.throws(() => decode(given, stream.subarray(0, stream.length - 20), 1000), RippleError);
  assert.throws(() => decode(given, Buffer.from([1, 0xff, 0xff, 0xff, 0x7f, 0]), 6), RippleError);
  assert.throws(() => decode(given, Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), 7), RippleError);
});

test('mutated streams end in a clean error or in no more bytes than each file has', () => {
  const given = records(8, 30);
  const stream = Buffer.from(encodeSolid(given));
  const random = seeded(1);
  for (let i = 0; i < 100; i++) {
    const bad = Buffer.from(stream);
    bad[random.integer(bad.length)] = random.integer(256);
    try {
      for (const [k, file] of decode(given, bad, 4096).entries())
        assert.ok(file.length <= (given[k]?.target.length ?? 0));
    } catch (error) {
      assert.ok(error instanceof RippleError, `${error}`);
    }
  }
});
