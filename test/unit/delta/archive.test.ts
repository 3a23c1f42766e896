import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { RippleError } from '../../../service/api/errors.ts';
import type { KnownFile } from '../../../service/delta/archive/known-files.ts';
import { piecesOf, putTogether } from '../../../service/delta/archive/put-together.ts';
import { oldSkeleton, streamOf } from '../../../service/delta/archive/skeleton.ts';
import { takeApart } from '../../../service/delta/archive/take-apart.ts';
import { trailerOf } from '../../../service/delta/deflate/members.ts';
import { type CpioMember, cpioOf, knownOf } from '../../helpers/cpio.ts';
import { edited } from '../../helpers/edited.ts';
import { mutated } from '../../helpers/mutated.ts';
import { asGzip, gzipped, prose } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';

const random = seeded(1);
const FILES: readonly CpioMember[] = [
  { path: 'usr/bin/tool', bytes: random.bytes(70_000) },
  { path: 'usr/lib/module.ko', bytes: prose(random, 300_000) },
  { path: 'usr/lib/other.ko', bytes: prose(random, 90_001) },
];
const OWN: readonly CpioMember[] = [
  { path: 'init', bytes: prose(random, 5000) },
  { path: 'conf', bytes: Buffer.from('small') },
  { path: 'empty', bytes: Buffer.alloc(0) },
  { path: 'moved/tool', bytes: FILES[0]?.bytes ?? Buffer.alloc(0) },
];
const DISK = cpioOf([...OWN.slice(0, 2), ...FILES, ...OWN.slice(2)]);
const MICROCODE = cpioOf([{ path: 'kernel/x86/microcode', bytes: random.bytes(999) }]);

function again(
  skeleton: Uint8Array,
  recipe: Uint8Array,
  members: readonly (number | undefined)[],
  { known = knownOf(FILES), maxBytes = 1 << 24 } = {},
): Buffer {
  let next = 0;
  const fileOf = (): KnownFile | undefined => {
    const number = members[next++];
    return number === undefined ? undefined : known.file(number);
  };
  const parts: Buffer[] = [];
  putTogether(skeleton, recipe, piecesOf(skeleton, recipe, fileOf), maxBytes, (part) => parts.push(Buffer.from(part)));
  return Buffer.concat(parts);
}

for (const [name, file] of Object.entries({
  'by gzip': gzipped(DISK, 6),
  'by gzip -9': gzipped(DISK, 9),
  'by gzip -1': gzipped(DISK, 1),
  'after one that is not packed': Buffer.concat([MICROCODE, Buffer.alloc(512), gzipped(DISK)]),
  'with something after it': Buffer.concat([gzipped(DISK), Buffer.from('something')]),
  'with a wrong trailer': Buffer.concat([gzipped(DISK).subarray(0, -3), Buffer.from('???')]),
}))
  test(`an archive packed ${name} is made again from files that stand in the tree, and little else`, () => {
    const apart = takeApart(file, knownOf(FILES));
    assert.ok(apart);
    assert.deepEqual(apart.members, [undefined, 0, 1, 2, 0]);
    assert.ok(apart.skeleton.length < 10_000, `${apart.skeleton.length} bytes`);
    assert.ok(again(apart.skeleton, apart.recipe, apart.members).equals(file));
    assert.ok(Buffer.from(apart.skeleton).equals(oldSkeleton(file, knownOf(FILES)).bytes));
  });

test('an archive larger than what is held of it at once comes out right at any level', () => {
  const files = Array.from({ length: 2 }, (_, i) => ({ path: `f${i}`, bytes: prose(seeded(i), 750_000) }));
  const noise = { path: 'noise', bytes: seeded(9).bytes(700_000) };
  for (const level of [1, 6, 9]) {
    const file = gzipped(cpioOf([...files, noise]), level);
    const known = knownOf([...files, noise]);
    const apart = takeApart(file, known);
    assert.ok(apart, `level ${level}`);
    assert.equal(apart.recipe.length, 4, `level ${level}`);
    assert.ok(again(apart.skeleton, apart.recipe, apart.members, { known }).equals(file), `level ${level}`);
  }
});

test('what is no packed archive is left alone, and one of which too much stands nowhere else', () => {
  const known = knownOf(FILES);
  for (const file of [
    Buffer.alloc(0),
    DISK,
    gzipped(prose(seeded(2), 9000)),
    gzipped(DISK).subarray(0, 400),
    MICROCODE,
  ]) {
    assert.equal(takeApart(file, known), undefined);
  }
  assert.equal(streamOf(DISK), undefined);
  const stranger = gzipped(cpioOf([{ path: 'stranger', bytes: Buffer.alloc(17 << 20, 'abc') }]), 1);
  assert.equal(takeApart(stranger, known), undefined);
  assert.equal(oldSkeleton(stranger, known).bytes.length, 0);
  assert.equal(oldSkeleton(DISK, known).bytes.length, 0);
});

test('a stream by another program stays packed', () => {
  const other = asGzip(deflateRawSync(DISK, { level: 6, strategy: 2 }), trailerOf(DISK));
  assert.equal(takeApart(other, knownOf(FILES)), undefined);
});

test('a member of another size than its file, and more bytes than are allowed, are refused', () => {
  const file = gzipped(DISK);
  const apart = takeApart(file, knownOf(FILES));
  assert.ok(apart);
  const { skeleton, recipe, members } = apart;
  const shorter = FILES.map(({ path, bytes }) => ({ path, bytes: bytes.subarray(1) }));
  assert.throws(() => again(skeleton, recipe, members, { known: knownOf(shorter) }), /another size/);
  assert.throws(() => again(skeleton, recipe, members, { maxBytes: file.length - 1 }), RippleError);
  assert.ok(again(skeleton, recipe, members, { maxBytes: file.length }).equals(file));
  assert.throws(() => again(skeleton.subarray(0, 9), recipe, members), /no sense/);
});

test('a skeleton cannot name more than an archive may have', () => {
  const file: KnownFile = {
    sizeBytes: 60 << 20,
    read: () => {
      throw new Error('is not to be read');
    },
  };
  const head = cpioOf([{ path: 'x', bytes: Buffer.alloc(64) }]).subarray(0, 112);
  head.write(file.sizeBytes.toString(16).padStart(8, '0'), 6 + 6 * 8, 'latin1');
  const skeleton = Buffer.concat(Array.from({ length: 20 }, () => head));
  assert.throws(() => piecesOf(skeleton, Uint8Array.of(0, 0, 0, 6), () => file), /more than [0-9]+ bytes/);
});

test('damaged skeletons and recipes end in a clean error or within their bounds', () => {
  const file = gzipped(cpioOf([...OWN, { path: 'a', bytes: prose(seeded(3), 3000) }]));
  const known = knownOf(OWN);
  const apart = takeApart(file, known);
  assert.ok(apart);
  const maxBytes = file.length * 2;
  let right = 0;
  for (let seed = 0; seed < 300; seed++) {
    const change = seeded(seed);
    const skeleton = seed % 2 === 0 ? edited(change, Buffer.from(apart.skeleton), 2) : apart.skeleton;
    const recipe = seed % 2 === 0 ? apart.recipe : mutated(change, [Buffer.from(apart.recipe)]);
    try {
      const made = again(skeleton, recipe, apart.members, { known, maxBytes });
      assert.ok(made.length <= maxBytes);
      if (made.equals(file)) right++;
    } catch (error) {
      assert.ok(error instanceof RippleError, `seed ${seed}: ${error}`);
    }
  }
  assert.ok(right < 100, `${right}`);
});
