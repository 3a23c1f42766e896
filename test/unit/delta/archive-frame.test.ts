/** Archives in Zstandard frames, as Debian's initramfs-tools makes them where zstd is installed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { tempFolder } from '../../helpers/temp.ts';

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

const NEEDS_ROOT = process.getuid?.() === 0 ? {} : { skip: 'another /proc/meminfo needs root' };
/** What a process says that unpacks and packs again where 21 MB are free. */
const CHILD = `
  const [codec, coder, bulk, frame, cpio, folder] = process.argv.slice(1);
  const { readFileSync } = await import('node:fs');
  const { FileCodec } = await import(codec);
  const { RangeDecoder } = await import(coder);
  const { BulkReader } = await import(bulk);
  const { unpackFrame } = await import(frame);
  const { knownOf } = await import(cpio);
  const bytes = readFileSync(folder + '/code');
  const code = { sizeBytes: bytes.length, readAt: (into, at) => into.set(bytes.subarray(at, at + into.length)) };
  const said = (work) => { try { work(); return 'done'; } catch (error) { return error.code + ': ' + error.message; } };
  const known = knownOf([{ path: 'zeros', bytes: Buffer.alloc(17 << 20) }]);
  const base = { bytes: new Uint8Array(0), ends: [] };
  console.log(said(() => unpackFrame(readFileSync(folder + '/large'), 0)));
  console.log(said(() => new FileCodec().decode(new RangeDecoder(code), new BulkReader(code), base, () => {}, 1 << 24, known)));
`;

test('an archive that there is no memory to unpack, or to pack again, is refused beforehand', NEEDS_ROOT, (t) => {
  const folder = tempFolder(t);
  const zeros = { path: 'zeros', bytes: Buffer.alloc(17 << 20) };
  const { isApart, code } = diff(Buffer.alloc(0), packed([zeros]), knownOf([zeros]));
  assert.ok(isApart);
  writeFileSync(join(folder, 'code'), code);
  writeFileSync(join(folder, 'large'), packed([{ path: 'noise', bytes: random.bytes(3_000_000) }]));
  const modules = [
    'service/delta/ripdiff/file-codec.js',
    'service/delta/ripdiff/range-coder.js',
    'service/delta/ripdiff/bulk.js',
    'service/delta/archive/frame-archive.js',
    'test/helpers/cpio.js',
  ].map((path) => new URL(`../../../${path}`, import.meta.url).href);
  const run = (available: number): string[] => {
    writeFileSync(join(folder, 'meminfo'), `MemTotal: 252000 kB\nMemAvailable:     ${available} kB\n`);
    const script = 'mount --bind "$0" /proc/meminfo && exec "$@"';
    const child = [process.execPath, '--input-type=module', '-e', CHILD, ...modules, folder];
    const args = ['--mount', 'sh', '-c', script, join(folder, 'meminfo'), ...child];
    return execFileSync('unshare', args, { encoding: 'utf8' }).trim().split('\n');
  };
  const [unpacked = '', packedAgain = ''] = run(20_000);
  assert.match(
    unpacked,
    /^NoSpace: unpacking an archive of \d+ bytes to compare it takes \d\d MB of memory, and 21 MB are/,
  );
  assert.match(
    packedAgain,
    /^NoSpace: packing an archive of \d+ bytes again takes \d\d MB of memory, and 21 MB are free/,
  );
  assert.deepEqual(run(200_000), ['done', 'done']);
});
