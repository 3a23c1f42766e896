import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Blocks } from '../../../service/delta/blocks.ts';
import { matchBlocks } from '../../../service/delta/matcher.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

/** Walks the blocks: they cover the new file exactly and stay in the old one. Counts what they do not explain. */
function unexplained(old: Uint8Array, target: Uint8Array, blocks: Blocks): { differing: number; extra: number } {
  let at = 0;
  let differing = 0;
  let extra = 0;
  for (let i = 0; i < blocks.count; i++) {
    const from = blocks.oldPositions[i] ?? 0;
    const add = blocks.addBytes[i] ?? 0;
    assert.ok(from + add <= old.length, `block ${i} leaves the old file`);
    assert.ok(add + (blocks.extraBytes[i] ?? 0) > 0, `block ${i} is empty`);
    for (let k = 0; k < add; k++) if (old[from + k] !== target[at + k]) differing++;
    at += add + (blocks.extraBytes[i] ?? 0);
    extra += blocks.extraBytes[i] ?? 0;
  }
  assert.equal(at, target.length);
  return { differing, extra };
}

test('blocks cover the new file exactly and stay inside the old one', () => {
  const random = seeded(4);
  for (let i = 0; i < 2000; i++) {
    const old = structuredBytes(random, random.integer(600));
    const target = i % 5 === 0 ? structuredBytes(random, random.integer(600)) : edited(random, old, random.integer(8));
    assert.doesNotThrow(() => unexplained(old, target, matchBlocks(old, target)), `case ${i}`);
  }
});

test('scattered changes are explained by one block', () => {
  const old = readFileSync('/bin/true');
  const target = Buffer.from(old);
  for (let at = 50; at < target.length; at += 500) target[at] = (target[at] ?? 0) ^ 0x55;
  const blocks = matchBlocks(old, target);
  assert.equal(blocks.count, 1);
  assert.deepEqual(unexplained(old, target, blocks), { differing: Math.ceil((old.length - 50) / 500), extra: 0 });
});

test('what was put in is the only thing of its own, and the rest goes on behind it', () => {
  const random = seeded(5);
  const old = random.bytes(20_000);
  const target = Buffer.concat([old.subarray(0, 9000), random.bytes(700), old.subarray(9000)]);
  const { differing, extra } = unexplained(old, target, matchBlocks(old, target));
  assert.ok(differing + extra <= 700, `${differing} + ${extra}`);
});

test('swapped halves come from where they went', () => {
  const old = seeded(6).bytes(20_000);
  const target = Buffer.concat([old.subarray(10_000), old.subarray(0, 10_000)]);
  assert.deepEqual(unexplained(old, target, matchBlocks(old, target)), { differing: 0, extra: 0 });
});

// Searching again at each byte of the repeat would look at 5 * 10^12 bytes: the limit is there to end such a run.
test('long repeats that the present alignment nearly explains do not take the square of their length', {
  timeout: 120_000,
}, () => {
  const zeros = Buffer.alloc(4 << 20);
  const spoiled = Buffer.from(zeros);
  for (let i = 0; i < 4; i++) spoiled[(2 << 20) + i * 1000] = 1;
  const unique = seeded(7).bytes(3 << 20);
  const nearly = Buffer.from(unique);
  for (const at of [100, 200, 300, 400]) nearly[nearly.length - at] = (nearly[nearly.length - at] ?? 0) ^ 1;
  const pairs: [Buffer, Buffer][] = [
    [zeros, zeros],
    [zeros, Buffer.alloc(4 << 20, 1)],
    [zeros, spoiled],
    [spoiled, zeros],
    [Buffer.concat([nearly, unique]), unique],
    [Buffer.alloc(4 << 20, 'abc'), Buffer.alloc(4 << 20, 'abcabd')],
  ];
  for (const [old, target] of pairs) unexplained(old, target, matchBlocks(old, target));
});

test('a short match far away starts no block where that is said to cost more; one near by does', () => {
  const old = seeded(8).bytes(20_000);
  const blocks = (at: number, farGain: number): number => {
    const target = Buffer.concat([old.subarray(0, 1000), old.subarray(at, at + 11), old.subarray(1000)]);
    const made = matchBlocks(old, target, undefined, { farGain });
    unexplained(old, target, made);
    return made.count;
  };
  assert.deepEqual([blocks(15_000, 0), blocks(15_000, 4)], [3, 2]);
  assert.deepEqual([blocks(1500, 0), blocks(1500, 4)], [3, 3]);
});

test('progress is told on the way and never beyond the end', () => {
  const bytes = seeded(9).bytes(3 << 20);
  const told: number[] = [];
  matchBlocks(Buffer.alloc(0), bytes, undefined, { onProgress: (done) => told.push(done) });
  matchBlocks(bytes, bytes, undefined, { onProgress: (done) => told.push(done) });
  assert.ok(told.length > 0);
  assert.ok(told.every((done) => done > 0 && done <= bytes.length));
});
