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
import { MAX_SYMBOLS, Parse } from '../../../service/delta/ripdiff/parse/parse.ts';
import { KIND } from '../../../service/delta/ripdiff/parse/symbols.ts';
import { CostCounter } from '../../../service/delta/ripdiff/range-coder.ts';
import { StreamCodec } from '../../../service/delta/ripdiff/xz/stream-codec.ts';
import { XZ } from '../../../service/delta/ripdiff/xz/xz-format.ts';
import { unpackXz } from '../../../service/delta/xz/unpack.ts';
import { filterX86, unfilterX86 } from '../../../service/delta/xz/x86-filter.ts';
import { edited } from '../../helpers/edited.ts';
import { mutated } from '../../helpers/mutated.ts';
import { prose, xzInChunks, xzPacked } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';

const SETTINGS: readonly (readonly string[])[] = [
  ['-0'],
  ['-6'],
  ['-9e'],
  ['--x86', '--lzma2=preset=6'],
  ['--x86=start=4096', '--lzma2=preset=1'],
  ['--delta=dist=4', '--lzma2=preset=1'],
  ['--lzma2=lc=1,lp=3,pb=0,mf=hc4,mode=fast'],
  ['--check=none'],
  ['--check=crc32', '--lzma2=dict=1MiB'],
  ['--check=crc64'],
  ['--check=sha256'],
  ['--block-size=30000'],
  ['-T2', '--block-size=40000'],
];
const PROGRAM = readFileSync('/bin/ls');
const INPUTS: Readonly<Record<string, Buffer>> = {
  'one byte': Buffer.from('a'),
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

function packedAgain(file: Buffer): Buffer {
  const unpacked = unpackXz([file]);
  const form = new Uint8Array(unpacked.form);
  const given = { ...unpacked, endsAsUsual: true };
  const map = new ContentMap(new BlockList());
  return Buffer.from(new StreamCodec().code(new CostCounter(), form, map, new Parse(), file.length, given));
}

for (const options of SETTINGS)
  test(`what xz ${options.join(' ')} packs is unpacked, and packed again from its parse, bit for bit`, () => {
    for (const [name, bytes] of Object.entries(INPUTS)) {
      const file = xzPacked(bytes, ...options);
      const { form, streams } = unpackXz([file]);
      assert.equal(streams[0]?.length, 1, name);
      const isFiltered = options.some((option) => /^--(delta|x86=)/.test(option));
      assert.equal(form.length, bytes.length, name);
      if (!isFiltered) assert.ok(bytes.equals(form), name);
      assert.ok(file.equals(packedAgain(file)), name);
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
    const [old, target] = [xzPacked(PROGRAM, ...options), xzPacked(later, ...options)];
    const diff = encodeDiff(old, target);
    assert.ok(made(old, diff).equals(target), options.join(' '));
    assert.ok(diff.length < target.length / 5, `${options.join(' ')}: ${diff.length} of ${target.length} bytes`);
  }
});

test('an entry at the top of a packed text costs little more than the entry', () => {
  const before = prose(seeded(5), 60_000);
  const after = Buffer.concat([Buffer.from('xo (2.1) stable; urgency=high\n\n  * Closes a hole.\n\n'), before]);
  const pairs: Readonly<Record<string, readonly [Buffer, Buffer, number]>> = {
    'as before': [xzPacked(before), xzPacked(after), 1200],
    'another level than before': [xzPacked(before, '-1'), xzPacked(after, '-6'), 3000],
    'packed for the first time': [before, xzPacked(after), 3000],
    'three streams, padding, and something else after them': [
      Buffer.concat([
        xzPacked(before),
        Buffer.alloc(8),
        xzPacked(PROGRAM),
        xzPacked(Buffer.alloc(0)),
        Buffer.from('end'),
      ]),
      Buffer.concat([
        xzPacked(after),
        Buffer.alloc(8),
        xzPacked(PROGRAM),
        xzPacked(Buffer.alloc(0)),
        Buffer.from('end.'),
      ]),
      1500,
    ],
    'inside of something else': [
      Buffer.concat([seeded(7).bytes(5000), xzPacked(before), seeded(8).bytes(300)]),
      Buffer.concat([seeded(7).bytes(5000), xzPacked(after), seeded(8).bytes(300)]),
      1200,
    ],
    'chunks that no packer makes': [xzInChunks(before, 5000), xzInChunks(after, 7000), 200],
  };
  for (const [name, [old, target, most]] of Object.entries(pairs)) {
    const diff = encodeDiff(old, target);
    assert.ok(made(old, diff).equals(target), name);
    assert.ok(diff.length < most, `${name}: ${diff.length} bytes`);
  }
});

test('a check that is wrong stays wrong', () => {
  const old = xzPacked(PROGRAM, '--check=crc64');
  const target = Buffer.from(old);
  const at = target.length - 40;
  target[at] = (target[at] ?? 0) ^ 1;
  assert.throws(() => execFileSync('xz', ['-t'], { input: target, stdio: 'pipe' }));
  const diff = encodeDiff(old, target);
  assert.ok(made(old, diff).equals(target));
  assert.ok(diff.length < 100, `${diff.length} bytes`);
});

test('a damaged stream is not taken apart, and no damage makes anything but a clean answer', () => {
  const random = seeded(9);
  const good = [
    xzPacked(prose(random, 4000)),
    xzPacked(PROGRAM.subarray(0, 6000), '--x86', '--lzma2', '--block-size=2000'),
  ];
  const cut = good[0]?.subarray(0, -1) ?? Buffer.alloc(0);
  assert.ok(cut.equals(unpackXz([cut]).form));
  assert.equal(planPacked(XZ, NO_BASE, cut), undefined);
  assert.ok(made(Buffer.alloc(0), encodeDiff(Buffer.alloc(0), cut)).equals(cut));
  let apart = 0;
  for (let i = 0; i < 2000; i++) {
    const file = mutated(random, good);
    const { form, parse } = unpackXz([file]);
    if (parse.count === 0) assert.ok(file.equals(form), `case ${i}`);
    else if (file.equals(packedAgain(file))) apart++;
  }
  assert.ok(apart > 0 && apart < 2000, `${apart} were still whole`);
});

test('a damaged diff of packed files ends in a clean error, or within its bounds', () => {
  const random = seeded(10);
  const text = prose(random, 6000);
  const old = xzPacked(text, '--block-size=3000');
  const target = xzPacked(edited(random, text, 4), '--block-size=3000');
  const diff = Buffer.from(encodeDiff(old, target));
  assert.ok(diff.length < target.length / 3, 'it is taken apart');
  for (let i = 0; i < 3000; i++) {
    try {
      assert.ok(made(old, mutated(random, [diff]), target.length).length <= target.length);
    } catch (error) {
      assert.ok(error instanceof RippleError, `case ${i}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  assert.throws(() => made(old, diff, target.length - 1), /makes more than/);
});

test('what unpacks to very much is left as it is', () => {
  const zeros = (bytes: number): Buffer => xzPacked(Buffer.alloc(bytes), '-0');
  const small = zeros(7 << 20);
  assert.equal(unpackXz([small]).form.length, 7 << 20);
  const large = zeros(9 << 20);
  assert.ok(large.equals(unpackXz([large]).form));
});

test('a parse has a largest size', () => {
  const parse = new Parse(MAX_SYMBOLS);
  const fill = (): void => {
    for (let i = 0; i <= MAX_SYMBOLS; i++) parse.push(KIND.short, 1, 1);
  };
  assert.throws(fill, /too many symbols/);
});

test('a symbol is found again by its place', () => {
  const random = seeded(11);
  const parse = new Parse();
  const places: number[] = [];
  for (let i = 0, place = 0; i < 5000; i++) {
    if (random.integer(500) === 0) parse.gapTo(parse.sizeBytes + 1 + random.integer(3000));
    place = parse.sizeBytes;
    parse.push(KIND.match, 2 + random.integer(271), 1);
    places.push(place);
  }
  for (const place of places) {
    let index = parse.near(place);
    let start = parse.place(index);
    for (let steps = 0; start < place; steps++) {
      assert.ok(steps < 64);
      start += parse.length(index++);
    }
    assert.equal(start, place);
  }
});

test('the filter of x86 is undone and done again', () => {
  const random = seeded(12);
  for (let i = 0; i < 30; i++) {
    const bytes = Buffer.from(random.bytes(random.integer(300)));
    // Many opcodes of calls, and many bytes that look like a sign.
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.pick([0xe8, 0xe9, 0, 0xff, bytes[at] ?? 0]);
    const packed = xzPacked(bytes, '--x86', '--lzma2=preset=0');
    assert.ok(bytes.equals(unpackXz([packed]).form.subarray(0, bytes.length)));
    const form = Buffer.from(bytes);
    filterX86(form);
    unfilterX86(form);
    assert.ok(bytes.equals(form));
  }
});
