import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { BundleDecoder, DamagedBaseError, decodeBundle } from '../../../service/delta/bundle/index.ts';
import { cpioOf } from '../../helpers/cpio.ts';
import { edited, structuredBytes } from '../../helpers/edited.ts';
import { gzipped, prose } from '../../helpers/packed.ts';
import { type Random, seeded } from '../../helpers/random.ts';
import {
  BUNDLE_LIMITS,
  basesFrom,
  bundleBetween,
  type FileInMemory,
  type TreeInMemory,
  treeInMemory,
  unbundle,
} from '../../helpers/tree-in-memory.ts';

function assertCarries(a: TreeInMemory, b: TreeInMemory, wanted: number): Buffer {
  const bundle = bundleBetween(a, b);
  const contents = unbundle(a, b, bundle);
  assert.equal(contents.size, wanted);
  for (const [sha256, bytes] of contents) {
    assert.ok(bytes.equals(b.read(sha256)), sha256);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  }
  return bundle;
}

const old = Buffer.from('one old text, long enough to be worth a difference; '.repeat(100));
const changed = Buffer.concat([old.subarray(0, 2000), Buffer.from('and here it changed'), old.subarray(2000)]);

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

test('more new bytes or more files than the reader allows are refused', () => {
  const a = treeInMemory({ x: { bytes: Buffer.from('x') } });
  const b = treeInMemory({ x: { bytes: old, time: 1 }, y: { bytes: changed } });
  const bundle = bundleBetween(a, b);
  const exactly = old.length + changed.length;
  assert.equal(unbundle(a, b, bundle, { maxNewBytes: exactly, maxContents: 2 }).size, 2);
  assert.throws(() => unbundle(a, b, bundle, { maxNewBytes: exactly - 1 }), RippleError);
  assert.throws(() => unbundle(a, b, bundle, { maxContents: 1 }), RippleError);
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

test('a bundle that claims other bytes than it brings, or goes on after its end, is refused', () => {
  const a = treeInMemory({ x: { bytes: Buffer.from('x') } });
  const b = treeInMemory({ x: { bytes: old.subarray(0, 100), time: 1 } });
  const bundle = bundleBetween(a, b);
  assert.equal(bundle[9], 100);
  for (const claim of [99, 101]) {
    const bad = Buffer.from(bundle);
    bad[9] = claim;
    assert.throws(() => unbundle(a, b, bad), RippleError, `${claim}`);
    let came = 0;
    const data = (_number: number, bytes: Uint8Array): void => {
      came += bytes.length;
    };
    const given = { manifestA: a.manifest, bundle: bad, expectedManifest: b.ref, ...BUNDLE_LIMITS, data };
    assert.throws(() => decodeBundle({ ...given, base: basesFrom(a.read, b.read) }), RippleError);
    assert.ok(came <= claim, 'no more bytes come out than were claimed');
  }
  assert.throws(() => unbundle(a, b, bundle, { maxNewBytes: 99 }), /claims 1 new files of 100 bytes/);
  assert.throws(() => unbundle(a, b, Buffer.concat([bundle, Buffer.from([0])])), RippleError);
  assert.equal(unbundle(a, b, bundle, { maxNewBytes: 100 }).size, 1);
});

test('a bundle whose contents come out right but make another manifest is refused', () => {
  const a = treeInMemory({ x: { bytes: Buffer.from('x') } });
  const b = treeInMemory({ x: { bytes: old, time: 1 } });
  const c = treeInMemory({ x: { bytes: old, time: 2 } });
  assert.throws(() => unbundle(a, { ...b, ref: c.ref }, bundleBetween(a, b)), { code: 'HashMismatch' });
});

test('the first wrong content ends the decoding, and a damaged old file is told apart from a wrong bundle', () => {
  const a = treeInMemory({ x: { bytes: old }, y: { bytes: old.subarray(7) } });
  const b = treeInMemory({ x: { bytes: changed, time: 1 }, y: { bytes: changed.subarray(9), time: 1 } });
  const bundle = bundleBetween(a, b);
  let ended = 0;
  const decode = (damage: (bytes: Uint8Array) => Uint8Array, given: Buffer): void => {
    decodeBundle({
      manifestA: a.manifest,
      bundle: given,
      expectedManifest: b.ref,
      ...BUNDLE_LIMITS,
      base: basesFrom((sha256) => damage(a.read(sha256)), b.read),
      data: () => {},
      end: () => ended++,
    });
  };
  assert.throws(() => decode((bytes) => Buffer.from(bytes).fill(1, 100, 110), bundle), DamagedBaseError);
  assert.equal(ended, 0);
  const wrongCheck = Buffer.from(bundle);
  // After the magic, the number of contents and their size.
  wrongCheck[11] = (wrongCheck[11] ?? 0) ^ 1;
  assert.throws(
    () => decode((bytes) => bytes, wrongCheck),
    (error) => error instanceof RippleError && !(error instanceof DamagedBaseError) && error.code === 'HashMismatch',
  );
  assert.equal(ended, 0);
  decode((bytes) => bytes, bundle);
  assert.equal(ended, 2);
});

/** A tree of some files, and one made from it by edits, renames, removals and additions. */
function randomPair(random: Random): [TreeInMemory, TreeInMemory] {
  const a: Record<string, FileInMemory> = {};
  const b: Record<string, FileInMemory> = {};
  for (let i = 0; i < 2 + random.integer(8); i++) {
    const name = `d${random.integer(3)}/lib${i}.so.${random.integer(20)}`;
    const bytes = structuredBytes(random, random.integer(1500));
    a[name] = { bytes, time: random.integer(3) };
    const fate = random.integer(6);
    if (fate === 0) continue;
    if (fate === 1) b[`d${random.integer(3)}/lib${i}.so.${random.integer(20)}`] = { bytes: edited(random, bytes, 2) };
    else if (fate === 2) b[name] = { bytes, time: random.integer(3) };
    else if (fate === 3) b[`moved/${i}`] = { bytes, time: 4 };
    else b[name] = { bytes: edited(random, bytes, 1 + random.integer(3)), time: random.integer(3) };
    if (random.integer(4) === 0) b[`copies/${i}`] = { bytes: b[name]?.bytes ?? bytes };
  }
  return [treeInMemory(a), treeInMemory(b)];
}

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

test('2,000 mutated bundles: a clean error, or the manifest that was signed', () => {
  const random = seeded(12);
  for (let k = 0; k < 8; k++) {
    const [a, b] = randomPair(random);
    const bundle = bundleBetween(a, b);
    const other = bundleBetween(b, a);
    for (let i = 0; i < 250; i++) {
      const bad = mutated(random, bundle, other);
      try {
        const contents = unbundle(a, b, bad, { maxNewBytes: 1 << 16 });
        for (const [sha256, bytes] of contents) assert.ok(bytes.equals(b.read(sha256)));
      } catch (error) {
        assert.ok(error instanceof RippleError, `${error}`);
        assert.notEqual(error.code, 'Internal', `bundle ${k}, mutation ${i}: ${error.cause}`);
      }
    }
  }
});

function mutated(random: Random, bundle: Buffer, other: Buffer): Buffer {
  const bad = Buffer.from(bundle);
  const at = random.integer(bad.length);
  switch (random.integer(5)) {
    case 0:
      return bad.subarray(0, at);
    case 1:
      return Buffer.concat([bad.subarray(0, at), other.subarray(random.integer(other.length))]);
    case 2:
      return Buffer.concat([bad.subarray(0, at), random.bytes(1 + random.integer(8)), bad.subarray(at)]);
    case 3:
      bad[Math.min(8 + random.integer(8), bad.length - 1)] = 255;
      return bad;
    default:
      bad[at] = (bad[at] ?? 0) ^ (1 << random.integer(8));
      return bad;
  }
}

test('a packed archive is made from files of the new tree, which come before it, and from old ones that stay', () => {
  const [module, later] = [prose(seeded(1), 90_000), edited(seeded(2), prose(seeded(1), 90_000), 5)];
  const library = seeded(3).bytes(50_000);
  const disk = (built: Buffer, init: string): Buffer =>
    gzipped(
      cpioOf([
        { path: 'usr/lib/lib.so', bytes: library },
        { path: 'usr/lib/module.ko', bytes: built },
        { path: 'init', bytes: Buffer.from(init.repeat(100)) },
        { path: 'bin/lib-again', bytes: library },
      ]),
      6,
    );
  const tree = (built: Buffer, init: string, time: number) =>
    treeInMemory({
      'boot/initrd.img': { bytes: disk(built, init), time },
      'usr/lib/lib.so': { bytes: library },
      'usr/lib/module.ko': { bytes: built, time },
    });
  const [a, b] = [tree(module, 'one thing', 1), tree(later, 'another', 2)];
  const bundle = assertCarries(a, b, 2);
  assert.ok(bundle.length < 1000, `${bundle.length} bytes`);
  const broken = Buffer.alloc(library.length, 7);
  const read = (sha256: string): Uint8Array => (a.read(sha256).length === library.length ? broken : a.read(sha256));
  const given = { manifestA: a.manifest, bundle, expectedManifest: b.ref, ...BUNDLE_LIMITS, data: () => {} };
  assert.throws(
    () => decodeBundle({ ...given, base: basesFrom(read, b.read) }),
    (error: Error) => error instanceof DamagedBaseError && /lib\.so/.test(error.message),
  );
  for (let seed = 0; seed < 200; seed++) {
    const damaged = mutated(seeded(seed), bundle, bundle);
    try {
      assert.equal(decodeBundle({ ...given, bundle: damaged, base: basesFrom(a.read, b.read) }).contents.length, 2);
    } catch (error) {
      assert.ok(error instanceof RippleError, `seed ${seed}: ${error}`);
    }
  }
});
