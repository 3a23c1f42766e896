import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { decodeDiff, encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

function apply(old: Uint8Array, diff: Uint8Array, maxNewBytes: number): Buffer {
  const parts: Buffer[] = [];
  decodeDiff(old, memorySource(diff), (part) => parts.push(Buffer.from(part)), { maxNewBytes });
  return Buffer.concat(parts);
}

/** The program of this machine as if a later build had moved all of its code: bytes put in and references left as they are. */
function rebuilt(program: Buffer, seed: number): Buffer {
  return edited(seeded(seed), program, 12);
}

test('generated pairs come back the same', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seeded(seed);
    const old = structuredBytes(random, random.integer(seed % 10 === 0 ? 20_000 : 600));
    const target = edited(random, old, random.integer(8));
    const diff = encodeDiff(old, target);
    assert.ok(apply(old, diff, target.length).equals(target), `seed ${seed}`);
  }
});

test('empty and tiny files come back the same', () => {
  const cases = ['', 'a', 'ab', 'aaaaaaaaaaaaaaaaaaaaaaaaaaa'].map((text) => Buffer.from(text));
  for (const old of cases)
    for (const target of cases) assert.ok(apply(old, encodeDiff(old, target), target.length).equals(target));
});

test('a real program with edits comes back the same, in few bytes', () => {
  const old = readFileSync('/bin/true');
  for (let seed = 0; seed < 4; seed++) {
    const target = rebuilt(old, seed);
    const diff = encodeDiff(old, target);
    assert.ok(diff.length < 4000, `${diff.length} bytes`);
    assert.ok(apply(old, diff, target.length).equals(target));
  }
});

test('the same pair makes the same diff every time', () => {
  const old = readFileSync('/bin/true');
  const target = rebuilt(old, 9);
  assert.deepEqual(encodeDiff(old, target), encodeDiff(old, target));
});

test('a diff that makes more bytes than allowed is refused before they are made', () => {
  const diff = encodeDiff(Buffer.alloc(0), Buffer.alloc(1000));
  let made = 0;
  const count = (part: Uint8Array): void => {
    made += part.length;
  };
  assert.throws(() => decodeDiff(Buffer.alloc(0), memorySource(diff), count, { maxNewBytes: 999 }), RippleError);
  assert.equal(made, 0);
});

test('mutated diffs end in a clean error or in bytes within the limit', () => {
  const random = seeded(77);
  const old = Buffer.concat([readFileSync('/bin/true').subarray(0, 9000), structuredBytes(random, 3000)]);
  const target = edited(random, old, 20);
  const diff = Buffer.from(encodeDiff(old, target));
  for (let i = 0; i < 400; i++) {
    const bad = Buffer.from(diff);
    for (let k = random.integer(3); k >= 0; k--) bad[8 + random.integer(bad.length - 8)] = random.integer(256);
    const cut = random.integer(4) === 0 ? bad.subarray(0, 8 + random.integer(bad.length - 8)) : bad;
    let made = 0;
    try {
      decodeDiff(old, memorySource(cut), (part) => (made += part.length), { maxNewBytes: 100_000 });
    } catch (error) {
      assert.ok(error instanceof RippleError, `${error}`);
    }
    assert.ok(made <= 100_000);
  }
});
