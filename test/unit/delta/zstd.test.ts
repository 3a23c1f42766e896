import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { ZSTD } from '../../../service/delta/ripdiff/zstd/zstd-format.ts';
import { prose, xzPacked, zstdPacked } from '../../helpers/packed.ts';
import { assertDiffs, INPUTS, made, PROGRAM, packedAgain, testFormat } from '../../helpers/packed-format.ts';
import { seeded } from '../../helpers/random.ts';

const SETTINGS: readonly (readonly string[])[] = [
  ['--fast=5'],
  ['-1'],
  ['-3'],
  ['-5', '--no-check'],
  ['-7', '--no-content-size'],
  ['-9', '-T2', '-B262144'],
  ['-12'],
  ['-16'],
  ['-19'],
  ['--ultra', '-22', '--long=27'],
  ['-3', '--zstd=wlog=10'],
  ['-3', '--no-compress-literals'],
];

testFormat({
  name: 'zstd',
  format: ZSTD,
  pack: zstdPacked,
  settings: SETTINGS,
  inputs: {
    ...INPUTS,
    nothing: Buffer.alloc(0),
    'a short word': Buffer.from('new Sugar new Sugar new Sugar!'),
    'just more than a byte counts': prose(seeded(1), 300),
  },
  editedShare: 1 / 8,
  manyBlocks: ['-19'],
  endBytes: 1,
});

test('codes, tables and sizes follow from the content: how a program was packed costs less than a sixth to say', () => {
  for (const level of ['-3', '-9']) {
    const file = zstdPacked(PROGRAM, level);
    const { cost } = packedAgain(ZSTD, file);
    assert.ok(cost < file.length / 6, `${level}: ${cost} of ${file.length} bytes`);
  }
});

test('an entry at the top of a packed text costs little more than the entry', () => {
  const before = prose(seeded(5), 60_000);
  const after = Buffer.concat([Buffer.from('xo (2.1) stable; urgency=high\n\n  * Closes a hole.\n\n'), before]);
  const skippable = Buffer.from('502a4d180300000041424344', 'hex').subarray(0, 11);
  const several = (text: Buffer): Buffer =>
    Buffer.concat([zstdPacked(text), skippable, zstdPacked(PROGRAM), zstdPacked(Buffer.alloc(0)), Buffer.from('end')]);
  const pairs: Readonly<Record<string, readonly [Buffer, Buffer, number]>> = {
    'as before': [zstdPacked(before), zstdPacked(after), 900],
    'another level than before': [zstdPacked(before, '-3'), zstdPacked(after, '-19'), 3000],
    'packed for the first time': [before, zstdPacked(after), 3000],
    'by another program than before': [xzPacked(before), zstdPacked(after), zstdPacked(after).length + 100],
    'four frames, and something between and after them': [several(before), several(after), 1200],
    'inside of something else': [
      Buffer.concat([seeded(7).bytes(5000), zstdPacked(before), seeded(8).bytes(300)]),
      Buffer.concat([seeded(7).bytes(5000), zstdPacked(after), seeded(8).bytes(300)]),
      900,
    ],
  };
  assertDiffs(pairs);
});

test('a check that is wrong stays wrong', () => {
  const old = zstdPacked(PROGRAM);
  const target = Buffer.from(old);
  const at = target.length - 2;
  target[at] = (target[at] ?? 0) ^ 1;
  assert.throws(() => execFileSync('zstd', ['-qt'], { input: target, stdio: 'pipe' }));
  const diff = encodeDiff(old, target);
  assert.ok(made(old, diff).equals(target));
  assert.ok(diff.length < 100, `${diff.length} bytes`);
});
