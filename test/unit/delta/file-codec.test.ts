import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { MAX_RECIPE_BYTES } from '../../../service/delta/deflate/unpacked.ts';
import { BulkWriter } from '../../../service/delta/ripdiff/bulk.ts';
import { FileCodec, planFile } from '../../../service/delta/ripdiff/file-codec.ts';
import { baseOf, decodeDiff, encodeDiff, encodeSolid, SolidDecoder } from '../../../service/delta/ripdiff/index.ts';
import { RangeEncoder } from '../../../service/delta/ripdiff/range-coder.ts';
import { asZip, gzipped, prose, zlibDeflated } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';

const BEFORE = prose(seeded(1), 60_000);
const ENTRY = Buffer.from('xo (2.1) stable; urgency=high\n\n  * Closes a hole.\n\n');
const AFTER = Buffer.concat([ENTRY, BEFORE]);

function made(old: Uint8Array, diff: Uint8Array, maxNewBytes = 1 << 24): Buffer {
  const parts: Buffer[] = [];
  decodeDiff(old, memorySource(diff), (bytes) => parts.push(Buffer.from(bytes)), { maxNewBytes });
  return Buffer.concat(parts);
}

test('an entry at the top of a packed changelog costs about the entry, whatever packed it', () => {
  const pairs: Readonly<Record<string, readonly [Buffer, Buffer]>> = {
    gzip: [gzipped(BEFORE), gzipped(AFTER)],
    'another level than before': [gzipped(BEFORE, 6), gzipped(AFTER, 2)],
    'packed for the first time': [BEFORE, gzipped(AFTER)],
    zip: [asZip([zlibDeflated(BEFORE, 6)]), asZip([zlibDeflated(AFTER, 6)])],
  };
  for (const [name, [old, target]] of Object.entries(pairs)) {
    const diff = encodeDiff(old, target);
    assert.ok(target.length > 10_000);
    assert.ok(diff.length < 200, `${name}: ${diff.length} bytes`);
    assert.ok(made(old, diff).equals(target), name);
  }
});

test('a packed file from nothing, and one that is as before, are no larger than they were', () => {
  const target = gzipped(AFTER);
  const fromNothing = encodeDiff(new Uint8Array(0), target);
  assert.ok(fromNothing.length < target.length);
  assert.ok(made(new Uint8Array(0), fromNothing).equals(target));
  const same = encodeDiff(target, target);
  assert.ok(same.length < 20, `${same.length} bytes`);
  assert.ok(made(target, same).equals(target));
});

test('packed and plain files follow each other in one stream', () => {
  const random = seeded(2);
  const records = Array.from({ length: 8 }, (_, i) => {
    const old = prose(random, 5000 + i * 1000);
    const target = Buffer.concat([ENTRY, old, random.bytes(i)]);
    const packed = i % 3 !== 2;
    return {
      base: baseOf(packed ? gzipped(old) : old),
      target: packed ? gzipped(target) : target,
      hint: { path: `${i}` },
    };
  });
  const stream = encodeSolid(records);
  assert.ok(stream.length < 600, `${stream.length} bytes`);
  const out: Buffer[] = [];
  const decoder = new SolidDecoder(
    {
      base: (record) => records[record]?.base,
      maxNewBytes: () => 1 << 20,
      data: (record, bytes) => {
        out[record] = Buffer.concat([out[record] ?? Buffer.alloc(0), bytes]);
      },
      end: () => {},
    },
    { maxFrameBytes: 1 << 20 },
  );
  decoder.push(stream);
  decoder.finish();
  for (const [i, { target }] of records.entries()) assert.ok(out[i]?.equals(target), `record ${i}`);
});

test('what comes out packed is bounded by what may come out, before it is unpacked', () => {
  const old = gzipped(BEFORE);
  const target = gzipped(AFTER);
  const diff = encodeDiff(old, target);
  assert.throws(() => made(old, diff, target.length - 1), /makes more than/);
  const zeros = gzipped(Buffer.alloc(1 << 20));
  const small = encodeDiff(new Uint8Array(0), zeros);
  assert.throws(() => made(new Uint8Array(0), small, 100), /makes more than 103200 bytes/);
});

test('a recipe longer than any encoder makes is refused', () => {
  const plan = planFile(baseOf(gzipped(BEFORE)), gzipped(AFTER));
  const recipe = new Uint8Array(MAX_RECIPE_BYTES + 1);
  // Writer and reader share the check.
  const encode = (): void => new FileCodec().encode(new RangeEncoder(), new BulkWriter(), { ...plan, recipe });
  assert.throws(encode, /recipe that is too long/);
});
