/** Archives in Zstandard frames, as Debian's initramfs-tools makes them where zstd is installed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import type { NewFiles } from '../../../service/delta/archive/known-files.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { baseOf } from '../../../service/delta/ripdiff/base.ts';
import { BulkReader, BulkWriter } from '../../../service/delta/ripdiff/bulk.ts';
import { FileCodec, planFile } from '../../../service/delta/ripdiff/file-codec.ts';
import { RangeDecoder, RangeEncoder } from '../../../service/delta/ripdiff/range-coder.ts';
import { type CpioMember, cpioOf, knownOf } from '../../helpers/cpio.ts';
import { edited } from '../../helpers/edited.ts';
import { mutated } from '../../helpers/mutated.ts';
import { gzipped, prose, zstdPacked } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';

const random = seeded(1);
const [ONE, TWO] = [prose(random, 200_000), prose(random, 90_001)];
const MODULES: readonly CpioMember[] = [
  { path: 'lib/modules/6.1.0-47/one.ko', bytes: ONE },
  { path: 'lib/modules/6.1.0-47/two.ko', bytes: TWO },
];
const LATER: readonly CpioMember[] = [
  { path: 'lib/modules/6.1.0-50/one.ko', bytes: edited(random, ONE, 6) },
  {
    path: 'lib/modules/6.1.0-50/two.ko',
    bytes: Buffer.concat([TWO, Buffer.from('more')]),
  },
];
const OWN: readonly CpioMember[] = [
  { path: 'init', bytes: prose(random, 5000) },
  { path: 'conf', bytes: Buffer.from('small') },
];
const MICROCODE = Buffer.concat([
  cpioOf([{ path: 'kernel/x86/microcode', bytes: random.bytes(999) }]),
  Buffer.alloc(512),
]);
const packed = (files: readonly CpioMember[], ...options: string[]): Buffer => zstdPacked(cpioOf(files), ...options);
const OLD = packed([...OWN, ...MODULES], '-9');

function diff(old: Buffer, target: Buffer, known: NewFiles): { readonly isApart: boolean; readonly code: Buffer } {
  const plan = planFile(baseOf(old), target, undefined, known);
  const coder = new RangeEncoder();
  const bulk = new BulkWriter();
  new FileCodec().encode(coder, bulk, plan);
  return { isApart: plan.archive !== undefined, code: Buffer.concat([coder.finish(bulk.size > 0), bulk.finish()]) };
}

function made(old: Buffer, code: Uint8Array, known: NewFiles, maxBytes = 1 << 24): Buffer {
  const source = memorySource(code);
  const parts: Buffer[] = [];
  const sink = (part: Uint8Array): unknown => parts.push(Buffer.from(part));
  new FileCodec().decode(new RangeDecoder(source), new BulkReader(source), baseOf(old), sink, maxBytes, known);
  return Buffer.concat(parts);
}

const known = knownOf(LATER);
const target = packed([...OWN, ...LATER], '-9');
for (const [name, [old, file]] of Object.entries({
  'as before': [OLD, target],
  'at another level': [OLD, packed([...OWN, ...LATER], '-19')],
  'after one that is not packed': [Buffer.concat([MICROCODE, OLD]), Buffer.concat([MICROCODE, target])],
  'with something after it': [OLD, Buffer.concat([target, Buffer.from('something')])],
  'by gzip before': [gzipped(cpioOf([...OWN, ...MODULES])), target],
  'for the first time': [Buffer.alloc(0), target],
} satisfies Record<string, readonly [Buffer, Buffer]>))
  test(`an archive in a frame, ${name}, is made again from files that stand in the tree`, () => {
    const { isApart, code } = diff(old, file, known);
    assert.ok(isApart);
    assert.ok(made(old, code, known).equals(file));
    assert.ok(code.length < file.length / 5, `${code.length} of ${file.length} bytes`);
  });

test('what the old frame tells is used: to pack as before costs less than to pack for the first time', () => {
  const same = (old: Buffer): number => diff(old, target, known).code.length;
  assert.ok(same(OLD) < 0.8 * same(gzipped(cpioOf([...OWN, ...MODULES]))), `${same(OLD)} bytes`);
});

test('other files than the publisher had make no archive, and no more bytes come out than are allowed', () => {
  const { code } = diff(OLD, target, known);
  assert.throws(() => made(OLD, code, knownOf([])), RippleError);
  assert.throws(() => made(OLD, code, known, target.length - 1), /makes more than/);
  assert.ok(made(OLD, code, known, target.length).equals(target));
});

test('a frame that is damaged, or no archive, is not taken apart as one', () => {
  for (const file of [target.subarray(0, -9), zstdPacked(prose(seeded(2), 9000))]) {
    const { isApart, code } = diff(OLD, Buffer.from(file), known);
    assert.equal(isApart, false);
    assert.ok(made(OLD, code, known).equals(file));
  }
});

test('a damaged difference of archives ends in a clean error, or within its bounds', () => {
  const { code } = diff(OLD, target, known);
  for (let i = 0; i < 300; i++) {
    try {
      assert.ok(made(OLD, mutated(random, [code]), known, target.length).length <= target.length);
    } catch (error) {
      assert.ok(error instanceof RippleError, `case ${i}: ${error instanceof Error ? error.stack : error}`);
    }
  }
});
