import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { BundleDecoder, DamagedBaseError, decodeBundle } from '../../../service/delta/bundle/index.ts';
import { assertCarries, changed, mutatedBundle, old, randomPair } from '../../helpers/bundle-pair.ts';
import { cpioOf } from '../../helpers/cpio.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { gzipped, prose, zstdPacked } from '../../helpers/packed.ts';
import { seeded } from '../../helpers/random.ts';
import {
  BUNDLE_LIMITS,
  basesFrom,
  bundleBetween,
  type FileInMemory,
  treeInMemory,
  unbundle,
} from '../../helpers/tree-in-memory.ts';

test('changed, added, moved, doubled, linked and removed files all arrive, and so does the manifest', () => {
  const a = treeInMemory({
    'etc/changed': { bytes: old },
    'etc/gone': { bytes: Buffer.from('gone') },
    'etc/stays': { bytes: Buffer.from('stays') },
    'etc/moved-from': { bytes: Buffer.from('moved'), time: 5 },
    'etc/touched': { bytes: Buffer.from('touched'), time: 1 },
    'etc/same-time': { bytes: Buffer.from('before'), time: 7 },
    'usr/lib/libx.so.1.2': { bytes: structuredBytes(seeded(1), 9000) },
  });
  const b = treeInMemory({
    'etc/added': { bytes: Buffer.from('added'), time: 9 },
    'etc/changed': { bytes: changed, time: 9 },
    'etc/changed-too': { bytes: changed, time: 10 },
    'etc/empty': { bytes: Buffer.alloc(0), time: 9 },
    'etc/link': { bytes: Buffer.from('linked'), time: 9 },
    'etc/link-2': { bytes: Buffer.from('linked'), time: 9, hardLinkOf: 'etc/link' },
    'etc/moved-to': { bytes: Buffer.from('moved'), time: 5 },
    'etc/same-time': { bytes: Buffer.from('after'), time: 7 },
    'etc/stays': { bytes: Buffer.from('stays') },
    'etc/touched': { bytes: Buffer.from('touched'), time: 2 },
    'usr/lib/libx.so.1.3': { bytes: edited(seeded(2), structuredBytes(seeded(1), 9000), 3), time: 9 },
  });
  assertCarries(a, b, 6);
  assertCarries(b, a, 4);
  assertCarries(a, a, 0);
});

test('an update of one small file fits in far less than one packet', () => {
  const files: Record<string, FileInMemory> = {};
  for (let i = 0; i < 300; i++) files[`usr/share/doc/file-${i}`] = { bytes: Buffer.from(`text ${i}`) };
  const a = treeInMemory({ ...files, 'usr/bin/tool': { bytes: old } });
  const b = treeInMemory({ ...files, 'usr/bin/tool': { bytes: changed, time: 1_700_500_000 } });
  const bundle = assertCarries(a, b, 1);
  assert.ok(bundle.length < 100, `${bundle.length} bytes`);
});

test('contents come out as soon as their bytes are there, in whatever pieces these come', () => {
  const files = (seed: number): Record<string, FileInMemory> =>
    Object.fromEntries(
      Array.from({ length: 2 }, (_, i) => [`f${i}`, { bytes: seeded(seed + i).bytes(70_000), time: seed }]),
    );
  const [a, b] = [treeInMemory(files(1)), treeInMemory(files(100))];
  const bundle = bundleBetween(a, b);
  for (const step of [1_000, bundle.length]) {
    const ended: number[] = [];
    let claimed = 0;
    let pushed = 0;
    const decoder = new BundleDecoder({
      manifestA: a.manifest,
      expectedManifest: b.ref,
      ...BUNDLE_LIMITS,
      maxBundleBytes: bundle.length,
      begin: ({ newBytes }) => {
        claimed = newBytes;
        assert.ok(pushed === 0 || step > 1_000);
      },
      base: basesFrom(a.read, b.read),
      data: () => {},
      end: () => ended.push(pushed),
    });
    assert.throws(() => decoder.finish(), { code: 'HashMismatch' });
    for (; pushed < bundle.length; pushed += step) {
      assert.equal(decoder.result, undefined);
      decoder.push(bundle.subarray(pushed, pushed + step));
    }
    assert.equal(claimed, 2 * 70_000);
    assert.equal(ended.length, 2);
    if (step === 1_000) assert.ok((ended[0] ?? 0) < bundle.length / 1.5, `${ended}`);
    assert.ok(decoder.result);
    assert.throws(() => decoder.push(Buffer.from('x')), { code: 'HashMismatch' });
  }
});

test('generated pairs of trees go both ways', () => {
  const random = seeded(11);
  for (let i = 0; i < 60; i++) {
    const [a, b] = randomPair(random);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (const [sha256, bytes] of unbundle(from, to, bundleBetween(from, to)))
        assert.ok(bytes.equals(to.read(sha256)), `pair ${i}`);
  }
});

for (const [packer, { pack, most }] of Object.entries({
  gzip: { pack: (bytes: Buffer) => gzipped(bytes, 6), most: 1000 },
  // How it was packed is told, not foreseen.
  zstd: { pack: (bytes: Buffer) => zstdPacked(bytes), most: 5000 },
}))
  test(`an archive packed by ${packer} is made from files of the new tree, which come before it, and from old ones that stay`, () => {
    const [module, later] = [prose(seeded(1), 90_000), edited(seeded(2), prose(seeded(1), 90_000), 5)];
    const library = seeded(3).bytes(50_000);
    const disk = (built: Buffer, init: string): Buffer =>
      pack(
        cpioOf([
          { path: 'usr/lib/lib.so', bytes: library },
          { path: 'usr/lib/module.ko', bytes: built },
          { path: 'init', bytes: Buffer.from(init.repeat(100)) },
          { path: 'bin/lib-again', bytes: library },
        ]),
      );
    const tree = (built: Buffer, init: string, time: number) =>
      treeInMemory({
        'boot/initrd.img': { bytes: disk(built, init), time },
        'usr/lib/lib.so': { bytes: library },
        'usr/lib/module.ko': { bytes: built, time },
      });
    const [a, b] = [tree(module, 'one thing', 1), tree(later, 'another', 2)];
    const bundle = assertCarries(a, b, 2);
    assert.ok(bundle.length < most, `${bundle.length} bytes`);
    const broken = Buffer.alloc(library.length, 7);
    const read = (sha256: string): Uint8Array => (a.read(sha256).length === library.length ? broken : a.read(sha256));
    const given = { manifestA: a.manifest, bundle, expectedManifest: b.ref, ...BUNDLE_LIMITS, data: () => {} };
    assert.throws(
      () => decodeBundle({ ...given, base: basesFrom(read, b.read) }),
      (error: Error) => error instanceof DamagedBaseError && /lib\.so/.test(error.message),
    );
    for (let seed = 0; seed < 200; seed++) {
      const damaged = mutatedBundle(seeded(seed), bundle, bundle);
      try {
        assert.equal(decodeBundle({ ...given, bundle: damaged, base: basesFrom(a.read, b.read) }).contents.length, 2);
      } catch (error) {
        assert.ok(error instanceof RippleError, `seed ${seed}: ${error}`);
      }
    }
  });
