import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { readBsdiff40, writeBsdiff40 } from '../../../service/delta/bsdiff40.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { matchBlocks } from '../../../service/delta/matcher.ts';
import { type CraftedDiff, craftedDiff } from '../../helpers/crafted-diff.ts';
import { debianBsdiff, debianBspatch } from '../../helpers/debian-diff.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';

function made(old: Uint8Array, target: Uint8Array): Uint8Array {
  return writeBsdiff40(old, target, matchBlocks(old, target));
}

function applied(old: Uint8Array, diff: Uint8Array, maxNewBytes = 1 << 26): Buffer {
  const parts: Buffer[] = [];
  readBsdiff40(memorySource(old), memorySource(diff), (part) => parts.push(Buffer.from(part)), { maxNewBytes });
  return Buffer.concat(parts);
}

const LS = readFileSync('/bin/ls');
const NODE = readFileSync(process.execPath);
const REAL: Readonly<Record<string, readonly [Buffer, Buffer]>> = {
  'one program and another': [LS, readFileSync('/bin/cat')],
  'a program with edits': [LS, edited(seeded(1), LS, 40)],
  'a large program, moved about': [
    NODE.subarray(0, 3_000_000),
    edited(seeded(2), NODE.subarray(90_000, 3_000_000), 200),
  ],
  'nothing in common': [Buffer.alloc(5000, 1), seeded(3).bytes(70_000)],
  'the same file': [LS, LS],
  'a file from its double': [Buffer.concat([LS, LS]), LS],
};

for (const [name, [old, target]] of Object.entries(REAL)) {
  test(`${name}: Debian's bspatch takes ours, and we take what its bsdiff makes`, () => {
    const ours = made(old, target);
    const theirs = debianBsdiff(old, target);
    assert.ok(debianBspatch(old, ours).equals(target));
    assert.ok(applied(old, ours).equals(target));
    assert.ok(applied(old, theirs).equals(target));
    assert.ok(ours.length <= theirs.length * 1.02 + 20, `${ours.length} bytes, bsdiff ${theirs.length}`);
  });
}

test('generated pairs come back the same', () => {
  const random = seeded(4);
  for (let i = 0; i < 800; i++) {
    const old = structuredBytes(random, random.integer(i % 50 === 0 ? 200_000 : 800));
    const target = edited(random, i % 9 === 0 ? structuredBytes(random, 300) : old, random.integer(9));
    assert.ok(applied(old, made(old, target)).equals(target), `case ${i}`);
  }
});

test('empty files on either side come back the same', () => {
  const some = Buffer.from('some');
  const none = Buffer.alloc(0);
  for (const old of [some, none])
    for (const target of [some, none]) assert.ok(applied(old, made(old, target)).equals(target));
});

test('a first block from the middle of the old file is told by a move first', () => {
  const old = seeded(5).bytes(9000);
  const blocks = {
    count: 1,
    addBytes: Uint32Array.of(2000),
    extraBytes: Uint32Array.of(0),
    oldPositions: Uint32Array.of(5000),
  };
  const target = old.subarray(5000, 7000);
  const diff = writeBsdiff40(old, target, blocks);
  assert.ok(applied(old, diff).equals(target));
  assert.ok(debianBspatch(old, diff).equals(target));
});

test('what lies outside the old file counts as 0, as for bspatch', () => {
  const old = Buffer.from('0123456789');
  const differences = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  const parts: CraftedDiff['control'][] = [
    [
      [0, 0, -4],
      [26, 0, 0],
    ],
    [
      [0, 0, 7],
      [26, 0, 0],
    ],
    [
      [20, 0, 2 ** 40],
      [6, 0, 0],
    ],
    [
      [20, 0, -100],
      [6, 0, 0],
    ],
  ];
  for (const control of parts) {
    const diff = craftedDiff({ control, differences, newBytes: 26 });
    assert.deepEqual(applied(old, diff), debianBspatch(old, diff));
  }
});

const GOOD: CraftedDiff = {
  control: [[4, 3, 0]],
  differences: Buffer.alloc(4),
  extra: Buffer.from('xyz'),
  newBytes: 7,
};
const OLD = Buffer.from('0123456789');

test('the crafted diff is good before it is spoiled', () => {
  assert.equal(applied(OLD, craftedDiff(GOOD)).toString(), '0123xyz');
});

const TWO_62 = 2n ** 62n;
const SPOILED: Readonly<Record<string, readonly [Partial<CraftedDiff>, RegExp]>> = {
  'a negative number of bytes to add': [{ control: [[-4, 3, 0]] }, /negative length/],
  'a negative number of own bytes': [{ control: [[4, -3, 0]] }, /negative length/],
  'lengths whose sum would overflow': [{ control: [[TWO_62, TWO_62, 0]] }, /beyond 2\^53/],
  'more to add than the new file has': [{ control: [[8, 0, 0]] }, /longer than the new file/],
  'more own bytes than are left': [{ control: [[4, 4, 0]] }, /longer than the new file/],
  'lengths that overflow together': [{ control: [[1, 2n ** 53n - 1n, 0]] }, /longer than the new file/],
  'a move beyond 2^53': [{ control: [[4, 3, 2n ** 53n]] }, /beyond 2\^53/],
  'moves beyond 2^53 in sum': [
    {
      control: [
        [0, 0, 2n ** 53n - 1n],
        [0, 0, 1n],
        [4, 3, 0],
      ],
    },
    /beyond 2\^53/,
  ],
  'too few triples': [{ control: [[4, 2, 0]] }, /ends too soon/],
  'too few differences': [{ differences: Buffer.alloc(3) }, /ends too soon/],
  'too few own bytes': [{ extra: Buffer.alloc(2) }, /ends too soon/],
  'a triple too many': [
    {
      control: [
        [4, 3, 0],
        [0, 0, 0],
      ],
    },
    /more in it/,
  ],
  'a difference too many': [{ differences: Buffer.alloc(5) }, /more in it/],
  'an own byte too many': [{ extra: Buffer.alloc(4) }, /more in it/],
  'moving about without end': [{ control: Array.from({ length: 100_000 }, () => [0, 0, 1] as const) }, /for nothing/],
  'a negative size': [{ newBytes: -7 }, /negative length in its header/],
  'a size beyond 2^53': [{ newBytes: 2n ** 60n }, /beyond 2\^53/],
  'a larger size than allowed': [{ newBytes: 2 ** 40 }, /where 67108864 are the most/],
  'a negative length of its first part': [{ controlBytes: -1 }, /negative length in its header/],
  'a negative length of its second part': [{ differenceBytes: -1 }, /negative length in its header/],
  'a first part beyond its end': [{ controlBytes: 10_000 }, /longer than itself/],
  'parts that are beyond its end together': [{ differenceBytes: 10_000 }, /longer than itself/],
  'an empty first part': [{ controlBytes: 0 }, /ends too soon/],
};

for (const [name, [spoiled, message]] of Object.entries(SPOILED)) {
  test(`refused: ${name}`, () => {
    const parts: Buffer[] = [];
    assert.throws(
      () =>
        readBsdiff40(
          memorySource(OLD),
          memorySource(craftedDiff({ ...GOOD, ...spoiled })),
          (part) => parts.push(Buffer.from(part)),
          { maxNewBytes: 1 << 26 },
        ),
      (error) => error instanceof RippleError && error.code === 'HashMismatch' && message.test(error.message),
    );
    assert.ok(Buffer.concat(parts).length <= 7);
  });
}

test('refused: anything behind the last stream, between streams, and a header cut short', () => {
  const diff = craftedDiff(GOOD);
  assert.throws(() => applied(OLD, Buffer.concat([diff, Buffer.from('x')])), /more in it/);
  const controlBytes = diff.readUInt32LE(8);
  const gap = Buffer.concat([diff.subarray(0, 32 + controlBytes), Buffer.from('x'), diff.subarray(32 + controlBytes)]);
  gap.writeUInt32LE(controlBytes + 1, 8);
  assert.throws(() => applied(OLD, gap), /more in it/);
  assert.throws(() => applied(OLD, diff.subarray(0, 31)), /less than its header/);
  assert.throws(() => applied(OLD, Buffer.concat([Buffer.from('BSDIFF41'), diff.subarray(8)])), /BSDIFF40/);
});
