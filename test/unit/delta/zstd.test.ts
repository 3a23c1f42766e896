import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { BlockList } from '../../../service/delta/blocks.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { NO_BASE } from '../../../service/delta/ripdiff/base.ts';
import { decodeDiff, encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { ContentMap } from '../../../service/delta/ripdiff/parse/content-map.ts';
import { planPacked } from '../../../service/delta/ripdiff/parse/packed-files.ts';
import { Parse } from '../../../service/delta/ripdiff/parse/parse.ts';
import { CostCounter } from '../../../service/delta/ripdiff/range-coder.ts';
import { FrameCodec } from '../../../service/delta/ripdiff/zstd/frame-codec.ts';
import { ZSTD } from '../../../service/delta/ripdiff/zstd/zstd-format.ts';
import { unpackZstd } from '../../../service/delta/zstd/unpack.ts';
import { edited } from '../../helpers/edited.ts';
import { mutated } from '../../helpers/mutated.ts';
import { prose, xzPacked, zstdPacked } from '../../helpers/packed.ts';
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
const PROGRAM = readFileSync('/bin/ls');
const INPUTS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('a'),
  'a short word': Buffer.from('new Sugar new Sugar new Sugar!'),
  'just more than a byte counts': prose(seeded(1), 300),
  'a long run': Buffer.alloc(3 << 20, 7),
  noise: seeded(1).bytes(150_000),
  prose: prose(seeded(2), 200_000),
  'a program': PROGRAM,
  'noise, then prose, then noise': Buffer.concat([
    seeded(3).bytes(140_000),
    prose(seeded(4), 90_000),
    seeded(6).bytes(70_000),
  ]),
};

/** And what it cost to say how, in bytes. */
function packedAgain(file: Buffer): { readonly file: Buffer; readonly cost: number } {
  const given = { ...unpackZstd([file]), endsAsUsual: true };
  const counter = new CostCounter();
  const map = new ContentMap(new BlockList());
  const again = new FrameCodec().code(counter, new Uint8Array(given.form), map, new Parse(), file.length, given);
  return { file: Buffer.from(again), cost: counter.cost / 8 };
}

for (const options of SETTINGS)
  test(`what zstd ${options.join(' ')} packs is unpacked, and packed again from its parse, bit for bit`, () => {
    for (const [name, bytes] of Object.entries(INPUTS)) {
      const file = zstdPacked(bytes, ...options);
      const { form, streams } = unpackZstd([file]);
      assert.equal(streams[0]?.length, 1, name);
      assert.ok(bytes.equals(form), name);
      assert.ok(file.equals(packedAgain(file).file), name);
    }
  });

test('codes, tables and sizes follow from the content: how a program was packed costs less than a sixth to say', () => {
  for (const level of ['-3', '-9']) {
    const file = zstdPacked(PROGRAM, level);
    const { cost } = packedAgain(file);
    assert.ok(cost < file.length / 6, `${level}: ${cost} of ${file.length} bytes`);
  }
});

function made(old: Uint8Array, diff: Uint8Array, maxNewBytes = 1 << 24): Buffer {
  const parts: Buffer[] = [];
  decodeDiff(old, memorySource(diff), (bytes) => parts.push(Buffer.from(bytes)), { maxNewBytes });
  return Buffer.concat(parts);
}

test('a program that changed a little costs little in whatever settings it was packed', () => {
  const later = edited(seeded(3), PROGRAM, 3);
  for (const options of SETTINGS) {
    const [old, target] = [zstdPacked(PROGRAM, ...options), zstdPacked(later, ...options)];
    const diff = encodeDiff(old, target);
    assert.ok(made(old, diff).equals(target), options.join(' '));
    assert.ok(diff.length < target.length / 8, `${options.join(' ')}: ${diff.length} of ${target.length} bytes`);
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
  for (const [name, [old, target, most]] of Object.entries(pairs)) {
    const diff = encodeDiff(old, target);
    assert.ok(made(old, diff).equals(target), name);
    assert.ok(diff.length < most, `${name}: ${diff.length} bytes`);
  }
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

test('a damaged frame is not taken apart, and no damage makes anything but a clean answer', () => {
  const random = seeded(9);
  const good = [zstdPacked(prose(random, 4000)), zstdPacked(PROGRAM.subarray(0, 9000), '-19')];
  const cut = good[0]?.subarray(0, -5) ?? Buffer.alloc(0);
  assert.ok(cut.equals(unpackZstd([cut]).form));
  assert.equal(planPacked(ZSTD, NO_BASE, cut), undefined);
  assert.ok(made(Buffer.alloc(0), encodeDiff(Buffer.alloc(0), cut)).equals(cut));
  let [apart, asIs] = [0, 0];
  for (let i = 0; i < 6000; i++) {
    const file = mutated(random, good);
    const { streams, form } = unpackZstd([file]);
    if (streams[0]?.length === 0) {
      assert.ok(file.equals(form), `case ${i}`);
      asIs++;
      continue;
    }
    const plan = planPacked(ZSTD, NO_BASE, file);
    if (plan) apart++;
  }
  assert.ok(apart > 0 && asIs > 0, `${apart} were still whole, ${asIs} were no frames any more`);
});

test('a damaged diff of packed files ends in a clean error, or within its bounds', () => {
  const random = seeded(10);
  const text = prose(random, 6000);
  const [old, target] = [zstdPacked(text, '-19'), zstdPacked(edited(random, text, 4), '-19')];
  const diff = Buffer.from(encodeDiff(old, target));
  assert.ok(diff.length < target.length / 3, 'it is taken apart');
  for (let i = 0; i < 4000; i++) {
    try {
      assert.ok(made(old, mutated(random, [diff]), target.length).length <= target.length);
    } catch (error) {
      assert.ok(error instanceof RippleError, `case ${i}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  assert.throws(() => made(old, diff, target.length - 1), /makes more than/);
});

test('what unpacks to very much is left as it is', () => {
  const small = zstdPacked(Buffer.alloc(7 << 20));
  assert.equal(unpackZstd([small]).form.length, 7 << 20);
  const large = zstdPacked(Buffer.alloc(9 << 20));
  assert.ok(large.equals(unpackZstd([large]).form));
});
