import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { DamagedBaseError, decodeBundle } from '../../../service/delta/bundle/index.ts';
import { changed, mutatedBundle, old, randomPair } from '../../helpers/bundle-pair.ts';
import { seeded } from '../../helpers/random.ts';
import { BUNDLE_LIMITS, basesFrom, bundleBetween, treeInMemory, unbundle } from '../../helpers/tree-in-memory.ts';

test('more new bytes or more files than the reader allows are refused', () => {
  const a = treeInMemory({ x: { bytes: Buffer.from('x') } });
  const b = treeInMemory({ x: { bytes: old, time: 1 }, y: { bytes: changed } });
  const bundle = bundleBetween(a, b);
  const exactly = old.length + changed.length;
  assert.equal(unbundle(a, b, bundle, { maxNewBytes: exactly, maxContents: 2 }).size, 2);
  assert.throws(() => unbundle(a, b, bundle, { maxNewBytes: exactly - 1 }), RippleError);
  assert.throws(() => unbundle(a, b, bundle, { maxContents: 1 }), RippleError);
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

test('2,000 mutated bundles: a clean error, or the manifest that was signed', () => {
  const random = seeded(12);
  for (let k = 0; k < 8; k++) {
    const [a, b] = randomPair(random);
    const bundle = bundleBetween(a, b);
    const other = bundleBetween(b, a);
    for (let i = 0; i < 250; i++) {
      const bad = mutatedBundle(random, bundle, other);
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
