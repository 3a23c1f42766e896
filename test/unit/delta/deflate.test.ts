import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { RippleError } from '../../../service/api/errors.ts';
import { BitWriter } from '../../../service/delta/deflate/bits.ts';
import { BLOCK } from '../../../service/delta/deflate/format.ts';
import { trailerOf } from '../../../service/delta/deflate/members.ts';
import { DeflateReader, MAX_BLOCK_TOKENS } from '../../../service/delta/deflate/reader.ts';
import { correctionsOf, rebuildStream } from '../../../service/delta/deflate/rebuild.ts';
import { MAX_FORM_BYTES, putTogether, takeApart, unpackedForm } from '../../../service/delta/deflate/unpacked.ts';
import { mutated } from '../../helpers/mutated.ts';
import { asGzip, asZip, gzipped, prose, zlibDeflated } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';

/** Rare values whose best code would be longer than a code may be. */
function fibonacci(): Buffer {
  const parts: Buffer[] = [];
  for (let value = 0, a = 1, b = 1; value < 20; value++, [a, b] = [b, a + b]) parts.push(Buffer.alloc(a, value));
  const bytes = Buffer.concat(parts);
  const random = seeded(5);
  for (let i = bytes.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [bytes[i], bytes[j]] = [bytes[j] ?? 0, bytes[i] ?? 0];
  }
  return bytes;
}

const INPUTS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('a'),
  'three equal bytes': Buffer.alloc(3, 7),
  'a long run': Buffer.alloc(200_000, 7),
  'a period': Buffer.alloc(70_000, 'abcab'),
  noise: seeded(1).bytes(100_000),
  prose: prose(seeded(2), 300_000),
  'a program': readFileSync('/bin/ls'),
  'codes that have to be shortened': fibonacci(),
  'noise, then prose, then noise': Buffer.concat([
    seeded(3).bytes(40_000),
    prose(seeded(4), 90_000),
    seeded(6).bytes(9000),
  ]),
};

function contentOf(stream: Uint8Array, from = 0): Buffer {
  const reader = new DeflateReader(stream, from, 1 << 26);
  while (reader.next());
  return Buffer.from(reader.content);
}

for (const [name, bytes] of Object.entries(INPUTS))
  test(`what gzip and zlib make of ${name} is foreseen at every level`, () => {
    for (let level = 1; level <= 9; level++) {
      const streams = [
        gzipped(bytes, level).subarray(10, -8),
        zlibDeflated(bytes, level),
        zlibDeflated(bytes, level, 9),
      ];
      for (const [program, stream] of streams.entries()) {
        assert.ok(contentOf(stream).equals(bytes));
        const style = program * 16 + level;
        const corrections = correctionsOf(stream, 0, bytes, style, 64);
        assert.equal(corrections.length, 0, `program ${program}, level ${level}`);
        assert.ok(stream.equals(rebuildStream(bytes, style, corrections, stream.length)));
      }
    }
  });

test('a stream of another level, with flushes, or of stored blocks only takes corrections and comes out right', () => {
  const bytes = prose(seeded(7), 60_000);
  const streams = [
    zlibDeflated(bytes, 9),
    zlibDeflated(bytes, 6, 8, true),
    zlibDeflated(bytes, 0),
    zlibDeflated(bytes, 9, 1),
    deflateRawSync(bytes, { level: 6 }),
    deflateRawSync(bytes, { strategy: 4 }),
    gzipped(bytes, 9, '--rsyncable').subarray(10, -8),
  ];
  for (const [index, stream] of streams.entries()) {
    const content = contentOf(stream);
    for (const style of [1, 6, 9, 22]) {
      const corrections = correctionsOf(stream, 0, content, style, 1 << 20);
      assert.ok(stream.equals(rebuildStream(content, style, corrections, stream.length)), `${index}, style ${style}`);
    }
  }
});

function apartAndTogether(file: Buffer): number {
  const apart = takeApart(file);
  assert.ok(apart);
  assert.ok(file.equals(putTogether(apart.form, apart.recipe, file.length)));
  return apart.recipe.length;
}

test('gzip and zip files are taken apart and put together, with all that surrounds their streams', () => {
  const bytes = prose(seeded(8), 50_000);
  const plain = gzipped(bytes);
  assert.equal(apartAndTogether(plain), 6);
  assert.ok(Buffer.concat([plain.subarray(0, 10), bytes]).equals(unpackedForm(plain)));
  const damaged = Buffer.from(plain);
  damaged[plain.length - 8] = (damaged[plain.length - 8] ?? 0) ^ 1;
  const named = Buffer.concat([
    Buffer.from('1f8b081e0000000002ff020061626e616d65006e6f7465007788', 'hex'),
    plain.subarray(10),
  ]);
  const files = {
    'a wrong checksum': damaged,
    'extra field, name, comment and checksum of the header': named,
    'three members': Buffer.concat([plain, gzipped(Buffer.alloc(0)), gzipped(bytes, 1)]),
    'something after the end': Buffer.concat([plain, Buffer.alloc(100, 'x')]),
    'no trailer': plain.subarray(0, -8),
    zip: asZip([plain.subarray(10, -8), zlibDeflated(bytes, 6), zlibDeflated(bytes, 9)]),
  };
  for (const [name, file] of Object.entries(files)) {
    const size = apartAndTogether(file);
    assert.ok(size < 30, `${name}: a recipe of ${size} bytes`);
    assert.ok(unpackedForm(file).length > 50_000, name);
  }
});

test('compressed files of the packages that are installed here are foreseen', (t) => {
  const found: string[] = [];
  const look = (folder: string): void => {
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      if (found.length >= 60) return;
      const path = join(folder, item.name);
      if (item.isDirectory()) look(path);
      else if (item.isFile() && item.name.endsWith('.gz') && statSync(path).size < 100_000) found.push(path);
    }
  };
  look('/usr/share');
  if (found.length === 0) t.skip('no package here has any');
  const apart = found.filter((path) => takeApart(readFileSync(path)));
  t.diagnostic(`${apart.length} of ${found.length}`);
  assert.ok(apart.length >= found.length * 0.9);
});

test('what nothing is known about stays as it is', () => {
  const bytes = prose(seeded(9), 50_000);
  const foreign = asGzip(deflateRawSync(bytes, { strategy: 2 }), trailerOf(bytes));
  assert.equal(takeApart(foreign), undefined);
  for (const file of [Buffer.alloc(0), bytes, Buffer.from('1f8b08', 'hex'), Buffer.from('PK\x03\x04')]) {
    assert.equal(takeApart(file), undefined);
    assert.equal(unpackedForm(file), file);
  }
});

test('a small file that holds more than memory should is not taken apart, as old file or as new', () => {
  const bomb = gzipped(Buffer.alloc(MAX_FORM_BYTES + 1));
  assert.ok(bomb.length < 20_000);
  assert.equal(unpackedForm(bomb), bomb);
  assert.equal(takeApart(bomb), undefined);
});

test('a block with more tokens than any program writes is refused', () => {
  const writer = new BitWriter();
  writer.put(1, 1);
  writer.put(BLOCK.fixed, 2);
  // The letter a, its code turned round.
  for (let i = 0; i <= MAX_BLOCK_TOKENS; i++) writer.put(0x89, 8);
  writer.put(0, 7);
  assert.throws(() => contentOf(writer.finish()), /a block that is too long/);
});

test('a table of relocations, which gzip -9 takes long for, is followed', () => {
  const random = seeded(11);
  const table = Buffer.alloc(24 * 1000);
  for (let i = 0; i < 1000; i++) {
    table.writeUInt32LE(i * 7 + random.integer(5), i * 24);
    table.writeUInt32LE(2, i * 24 + 8);
    table.writeUInt32LE(random.integer(300), i * 24 + 12);
    table.writeInt32LE(-4, i * 24 + 16);
    table.writeInt32LE(-1, i * 24 + 20);
  }
  assert.equal(takeApart(gzipped(table))?.recipe.length, 6);
});

test('content that is made to be slow is not followed', () => {
  const random = seeded(10);
  const bytes = Buffer.from(Array.from({ length: 40_000 }, () => random.integer(2)));
  assert.throws(() => correctionsOf(gzipped(bytes), 10, bytes, 9, 1000), /too long to follow/);
  assert.throws(() => rebuildStream(bytes, 9, new Uint8Array(0), 1 << 20), /too long to follow/);
});

test('damaged files are read to where they make sense, and what is read can be packed again', () => {
  const random = seeded(11);
  const bytes = prose(random, 3000);
  const good = [gzipped(bytes), gzipped(bytes, 1), asZip([zlibDeflated(bytes, 6), zlibDeflated(bytes, 1)])];
  for (let i = 0; i < 1200; i++) {
    const file = mutated(random, good);
    const apart = takeApart(file);
    if (apart) assert.ok(file.equals(putTogether(apart.form, apart.recipe, file.length)), `case ${i}`);
    else assert.ok(unpackedForm(file).length <= MAX_FORM_BYTES);
  }
});

test('corrections to tokens, kinds and headers that cannot be are refused', () => {
  const content = Buffer.from('abc');
  const senseless = {
    'a match of two bytes': [1, 2, 1],
    'a match past the end': [1, 4, 1],
    'a distance of nothing': [1, 3, 0],
    'a distance beyond the window': [1, 3, 0x81, 0x80, 2],
    'a fourth kind': [7, 3],
    'a header without end': [7, 2, 0, 0xff, 0xff, 0x7f],
    'a number without end': [1, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
  };
  assert.ok(rebuildStream(content, 9, new Uint8Array(0), 100).length < 10);
  for (const [name, corrections] of Object.entries(senseless))
    assert.throws(
      () => rebuildStream(content, 9, Uint8Array.from(corrections), 100),
      /its corrections (make no sense|are damaged)/,
      name,
    );
});

test('recipes that make no sense end in a clean error or within their bounds', () => {
  const random = seeded(12);
  const bytes = prose(random, 3000);
  const files = [gzipped(bytes), gzipped(bytes, 1), asZip([deflateRawSync(bytes), zlibDeflated(bytes, 1)])];
  const taken = files.map((file) => takeApart(file));
  const recipes = taken.map((apart) => Buffer.from(apart?.recipe ?? []));
  const corrections = Buffer.from(correctionsOf(deflateRawSync(bytes), 0, bytes, 9, 1 << 20));
  const most = 4000;
  let errors = 0;
  for (let i = 0; i < 8000; i++) {
    const form = random.pick([bytes, taken[0]?.form ?? bytes, taken[2]?.form ?? bytes]);
    try {
      if (i % 2 === 0) assert.ok(putTogether(form, mutated(random, recipes), most).length <= most);
      else assert.ok(rebuildStream(bytes, 1 + random.integer(9), mutated(random, [corrections]), most).length <= most);
    } catch (error) {
      assert.ok(error instanceof RippleError, `case ${i}: ${error instanceof Error ? error.stack : error}`);
      errors++;
    }
  }
  assert.ok(errors > 800);
});
