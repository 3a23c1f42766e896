import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { encodeDiff } from '../../../service/delta/ripdiff/index.ts';
import { MAX_SYMBOLS, Parse } from '../../../service/delta/ripdiff/parse/parse.ts';
import { KIND } from '../../../service/delta/ripdiff/parse/symbols.ts';
import { XZ } from '../../../service/delta/ripdiff/xz/xz-format.ts';
import { unpackXz } from '../../../service/delta/xz/unpack.ts';
import { filterX86, unfilterX86 } from '../../../service/delta/xz/x86-filter.ts';
import { prose, xzInChunks, xzPacked } from '../../helpers/packed.ts';
import { assertDiffs, INPUTS, made, PROGRAM, testFormat } from '../../helpers/packed-format.ts';
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

testFormat({
  name: 'xz',
  format: XZ,
  pack: xzPacked,
  settings: SETTINGS,
  inputs: INPUTS,
  isFiltered: (options) => options.some((option) => /^--(delta|x86=)/.test(option)),
  editedShare: 1 / 5,
  manyBlocks: ['--x86', '--lzma2=preset=6', '--block-size=2000'],
  endBytes: 1,
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
  assertDiffs(pairs);
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
