import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { Bzip2Reader } from '../../../service/delta/bzip2/reader.ts';
import { bzip2Compress } from '../../../service/delta/bzip2/writer.ts';
import { debianBunzip2, debianBzip2 } from '../../helpers/debian-diff.ts';
import { structuredBytes } from '../../helpers/edited.ts';
import { mutated } from '../../helpers/mutated.ts';
import { seeded } from '../../helpers/random.ts';

/** Reads a stream in pieces of `piece` bytes to its end. */
function decompressed(bytes: Uint8Array, piece = 10_000, mostBytes = Number.POSITIVE_INFINITY): Buffer {
  const reader = new Bzip2Reader(memorySource(bytes));
  const parts: Buffer[] = [];
  let made = 0;
  for (;;) {
    const part = Buffer.alloc(piece);
    const got = reader.read(part);
    parts.push(part.subarray(0, got));
    made += got;
    if (got < piece || made >= mostBytes) break;
  }
  return Buffer.concat(parts);
}

const INPUTS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('a'),
  'four equal bytes': Buffer.alloc(4, 7),
  'a run as long as one can be': Buffer.alloc(255, 7),
  'a run and one more': Buffer.alloc(256, 7),
  'runs of every length': Buffer.concat(Array.from({ length: 600 }, (_, i) => Buffer.alloc(i, i))),
  'a period': Buffer.alloc(50_000, 'abcab'),
  'every byte': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  'a program': readFileSync('/bin/ls'),
  'two blocks of noise': seeded(1).bytes(1_000_000),
  'zeros for many blocks': Buffer.alloc(100_000_000),
  'a block full to the brim': Buffer.concat([seeded(2).bytes(899_979), Buffer.alloc(300, 1), Buffer.from('x')]),
};

for (const [name, bytes] of Object.entries(INPUTS)) {
  test(`${name}: Debian's bzip2 and ours read each other`, () => {
    const ours = bzip2Compress(bytes);
    assert.ok(debianBunzip2(ours).equals(bytes));
    assert.ok(decompressed(ours).equals(bytes));
    assert.ok(decompressed(debianBzip2(bytes)).equals(bytes));
  });
}

test('generated inputs go both ways, whatever the block size and the pieces', () => {
  const random = seeded(3);
  for (let i = 0; i < 60; i++) {
    const bytes = structuredBytes(random, random.integer(i % 10 === 0 ? 300_000 : 5000));
    const piece = 1 + random.integer(3000);
    const ours = bzip2Compress(bytes);
    assert.ok(decompressed(ours, piece).equals(bytes), `case ${i}`);
    assert.ok(decompressed(debianBzip2(bytes, `-${1 + random.integer(9)}`), piece).equals(bytes), `case ${i}`);
    if (i % 5 === 0) assert.ok(debianBunzip2(ours).equals(bytes), `case ${i}`);
  }
});

test('a skewed input has no word longer than bzip2 takes', () => {
  // Counts that grow as the Fibonacci numbers give the longest words there are.
  const parts: Buffer[] = [];
  for (let symbol = 0, a = 1, b = 1; symbol < 26; symbol++, [a, b] = [b, a + b]) {
    const pair = Buffer.from([symbol, 255 - symbol]);
    parts.push(Buffer.concat(Array.from({ length: Math.ceil(a / 2) }, () => pair)));
  }
  const bytes = Buffer.concat(parts);
  const ours = bzip2Compress(bytes);
  assert.ok(debianBunzip2(ours).equals(bytes));
  assert.ok(decompressed(ours).equals(bytes));
});

test('ours is at most one byte in a thousand larger than Debian’s', () => {
  for (const file of ['/bin/ls', process.execPath]) {
    const bytes = readFileSync(file).subarray(0, 3_000_000);
    const [ours, theirs] = [bzip2Compress(bytes).length, debianBzip2(bytes).length];
    assert.ok(ours <= theirs * 1.001, `${file}: ${ours} and ${theirs} bytes`);
  }
});

test('it stops right behind its stream, whatever follows', () => {
  const first = bzip2Compress(Buffer.from('first'));
  const both = Buffer.concat([first, bzip2Compress(Buffer.from('second'))]);
  const reader = new Bzip2Reader(memorySource(both));
  const target = Buffer.alloc(100);
  assert.equal(reader.read(target), 5);
  assert.equal(reader.endPosition(), first.length);
  const next = new Bzip2Reader(memorySource(both), reader.endPosition());
  assert.equal(target.toString('latin1', 0, next.read(target)), 'second');
});

test('a randomised block, which nothing writes any more, is refused', () => {
  const bytes = Buffer.from(bzip2Compress(Buffer.from('hello')));
  bytes[14] = (bytes[14] ?? 0) | 0x80;
  assert.throws(() => decompressed(bytes), /randomised/);
});

test('each checksum counts: of a block, and of the stream', () => {
  const bytes = Buffer.from(bzip2Compress(Buffer.from('hello')));
  const block = Buffer.from(bytes);
  block[10] = (block[10] ?? 0) ^ 1;
  assert.throws(() => decompressed(block), /checksum of a block/);
  // The last bits are the checksum of the stream, and up to seven of filling.
  const stream = Buffer.from(bytes);
  stream[stream.length - 2] = (stream[stream.length - 2] ?? 0) ^ 1;
  assert.throws(() => decompressed(stream), /checksum of its data/);
});

/** A copy with `count` bits from bit `at` on set to `value`. */
function withBits(bytes: Uint8Array, at: number, count: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < count; i++) {
    const bit = (value >>> (count - 1 - i)) & 1;
    const byte = (at + i) >> 3;
    const mask = 0x80 >> ((at + i) & 7);
    copy[byte] = ((copy[byte] ?? 0) & ~mask) | (bit === 1 ? mask : 0);
  }
  return copy;
}

test('each number of a block that makes no sense is refused as such', () => {
  // All letters of the word are in one group of 16, so the bits lie as the numbers here say.
  const hello = bzip2Compress(Buffer.from('hello'));
  const cases: [at: number, count: number, value: number, message: RegExp][] = [
    [113, 24, 5, /starts outside itself/],
    [137, 16, 0, /uses no byte/],
    [169, 3, 1, /1 code tables/],
    [169, 3, 7, /7 code tables/],
    [172, 15, 0, /without table selectors/],
    [187, 2, 3, /a table that is not there/],
    [188, 5, 0, /a code word of 0 bits/],
    [188, 5, 21, /a code word of 21 bits/],
    [188, 11, 1 << 6, /more words than bits allow/],
  ];
  for (const [at, count, value, message] of cases)
    assert.throws(() => decompressed(withBits(hello, at, count, value)), message);
});

test('a block may not be longer than the head of its stream says', () => {
  for (const bytes of [seeded(4).bytes(150_000), Buffer.from(Array.from({ length: 150_000 }, (_, i) => i & 1))]) {
    const stream = Buffer.from(bzip2Compress(bytes));
    stream[3] = '1'.charCodeAt(0);
    assert.throws(() => decompressed(stream), /longer than its stream allows/);
  }
});

test('every cut of a stream is told, and gives no wrong byte first', () => {
  const whole = readFileSync('/bin/ls').subarray(0, 3000);
  const bytes = bzip2Compress(whole);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decompressed(bytes.subarray(0, length)), RippleError, `${length} bytes`);
  }
});

test('mutated streams end in a clean error or in bytes, never more than were asked for', () => {
  const seed = Number(process.env.RIPPLE_FUZZ_SEED ?? 20);
  const random = seeded(seed);
  const inputs = [Buffer.from('the quick laptop '.repeat(9)), structuredBytes(random, 3000), Buffer.alloc(50_000)];
  const streams = inputs.flatMap((input) => [Buffer.from(bzip2Compress(input)), debianBzip2(input, '-1')]);
  for (let i = 0; i < 4000; i++) {
    const bytes = mutated(random, streams);
    try {
      assert.ok(decompressed(bytes, 10_000, 1_000_000).length <= 1_010_000);
    } catch (error) {
      assert.ok(error instanceof RippleError, `seed ${seed}, case ${i}: ${error}`);
      assert.equal(error.code, 'HashMismatch');
    }
  }
});
