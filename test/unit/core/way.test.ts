import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobRef } from '../../../service/core/ports.ts';
import { blindLimit, LEAST_DIFFED_BYTES, nextWay, type WayKnown } from '../../../service/core/way.ts';

const ref = (name: string, sizeBytes: number): BlobRef => ({ sha256: name.repeat(64), sizeBytes });
const large = ref('a', 1_000_000);
const small = ref('b', 2_000);

const start: WayKnown = {
  hasBase: true,
  manifestBytes: 100_000,
  treeBytes: 16_000_000,
  missing: undefined,
  baseOf: () => 'c'.repeat(64),
  bundle: 'untried',
  bundleBytesHere: 0,
  diffsTried: false,
  classmates: 0,
  repositories: 1,
  sources: 1,
  blobsFailed: false,
  trees: 0,
};

test('at first a bundle, blindly, if it is small beside manifest and tree', () => {
  assert.equal(blindLimit(start), 1_100_000);
  assert.deepEqual(nextWay(start), { kind: 'bundle', maxBytes: 1_100_000, patienceMs: 4196 });
  assert.deepEqual(nextWay({ ...start, bundle: 'over' }), { kind: 'manifest' });
  assert.deepEqual(nextWay({ ...start, bundle: 'again' }), { kind: 'manifest' });
  assert.deepEqual(nextWay({ ...start, hasBase: false }), { kind: 'manifest' });
});

test('once it is known what is missing, only a bundle that is shorter; what came of it is free', () => {
  const known = { ...start, missing: [large, small] };
  for (const bundle of ['untried', 'again'] as const) {
    const way = nextWay({ ...known, bundle });
    assert.ok(way.kind === 'bundle' && way.maxBytes === 1_001_999);
  }
  const resumed = nextWay({ ...known, bundleBytesHere: 500 });
  assert.ok(resumed.kind === 'bundle' && resumed.maxBytes === 1_002_499);
  assert.equal(nextWay({ ...known, missing: [ref('d', 100)] }).kind, 'blobs');
});

test('then differences of the large files, from repositories, the largest first; then blobs', () => {
  const known: WayKnown = { ...start, bundle: 'over', missing: [small, ref('e', LEAST_DIFFED_BYTES), large] };
  assert.deepEqual(nextWay(known), {
    kind: 'diffs',
    wishes: [
      { to: large, from: 'c'.repeat(64) },
      { to: ref('e', LEAST_DIFFED_BYTES), from: 'c'.repeat(64) },
    ],
  });
  for (const change of [
    { diffsTried: true },
    { repositories: 0 },
    { hasBase: false },
    { missing: [small] },
    { baseOf: () => undefined },
  ])
    assert.deepEqual(nextWay({ ...known, ...change }), { kind: 'blobs' }, JSON.stringify(change));
  const many = Array.from({ length: 1000 }, () => large);
  const way = nextWay({ ...known, missing: many });
  assert.ok(way.kind === 'diffs' && way.wishes.length === 256);
});

test('a class shares pieces, unless a bundle is much shorter, and does not ask the school for each difference', () => {
  const known: WayKnown = { ...start, classmates: 4 };
  const blind = nextWay(known);
  assert.ok(blind.kind === 'bundle' && blind.maxBytes === known.manifestBytes && blind.patienceMs === 3000);
  for (const bundle of ['again', 'over'] as const) assert.equal(nextWay({ ...known, bundle }).kind, 'manifest');
  const missing = [large, small];
  const way = nextWay({ ...known, missing });
  assert.ok(way.kind === 'bundle' && way.maxBytes === 250_500);
  assert.equal(nextWay({ ...known, missing, bundle: 'over' }).kind, 'blobs');
  assert.equal(nextWay({ ...known, missing: [] }).kind, 'done');
  assert.equal(nextWay({ ...known, missing, bundle: 'over', classmates: 3 }).kind, 'diffs');
});

test('nothing is fetched when nothing is missing; an empty file is made', () => {
  assert.deepEqual(nextWay({ ...start, missing: [] }), { kind: 'done' });
  assert.deepEqual(nextWay({ ...start, missing: [ref('f', 0)] }), { kind: 'blobs' });
});

test('nobody waits for a bundle longer than blobs would take, nor longer than a minute', () => {
  const wait = (sizeBytes: number): number => {
    const way = nextWay({ ...start, missing: [ref('a', sizeBytes)] });
    return way.kind === 'bundle' ? way.patienceMs : -1;
  };
  assert.equal(wait(2048), 7);
  assert.equal(wait(10 * 256 * 1024), 10_000);
  assert.equal(wait(10 ** 12), 60_000);
});

test('every row of ways ends: each step leads to fewer choices', () => {
  for (const hasBase of [true, false])
    for (const repositories of [0, 1]) {
      let known: WayKnown = { ...start, hasBase, repositories };
      const ways: string[] = [];
      for (let step = 0; step < 10; step++) {
        const way = nextWay(known);
        ways.push(way.kind);
        if (way.kind === 'blobs') break;
        // The worst each time: too long, then wrong; no diff is right.
        const bundle = way.kind === 'bundle' ? (known.missing ? 'over' : 'again') : known.bundle;
        known = { ...known, bundle, missing: [large], diffsTried: known.diffsTried || way.kind === 'diffs' };
      }
      assert.equal(ways.at(-1), 'blobs', ways.join());
    }
});

test('the tree of an rsync server only when there is nobody else, or nobody else has it all', () => {
  const known: WayKnown = { ...start, bundle: 'over', diffsTried: true, missing: [large], trees: 1 };
  assert.equal(nextWay(known).kind, 'blobs');
  assert.equal(nextWay({ ...known, blobsFailed: true }).kind, 'tree');
  assert.equal(nextWay({ ...known, sources: 0, repositories: 0 }).kind, 'tree');
  assert.equal(nextWay({ ...known, blobsFailed: true, trees: 0 }).kind, 'blobs');
  assert.equal(nextWay({ ...known, blobsFailed: true, missing: [] }).kind, 'done');
});
