import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BundleShelf } from '../../../service/bundles/shelf.ts';
import type { Side } from '../../../service/bundles/side.ts';
import { BundleWorkshop, type WorkshopOptions } from '../../../service/bundles/workshop.ts';
import type { BundleName } from '../../../service/core/ports.ts';
import { structuredBytes } from '../../helpers/edited.ts';
import { seeded } from '../../helpers/random.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { type TreeInMemory, treeInMemory, unbundle } from '../../helpers/tree-in-memory.ts';
import { until } from '../../helpers/until.ts';

/** Small versions of one tree, as blobs on disk. */
function versions(t: TestContext, count: number): { folder: string; trees: TreeInMemory[] } {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'blobs'));
  mkdirSync(join(folder, 'made'));
  const trees = Array.from({ length: count }, (_, version) => {
    const bytes = Buffer.concat([structuredBytes(seeded(1), 6_000), Buffer.from(`version ${version}`)]);
    const tree = treeInMemory({ tool: { bytes, time: version }, stays: { bytes: Buffer.from('stays') } });
    writeFileSync(join(folder, 'blobs', tree.ref.sha256), tree.manifest);
    for (const [, sha256 = ''] of tree.manifest.toString().matchAll(/sha256=([0-9a-f]{64})/g))
      writeFileSync(join(folder, 'blobs', sha256), tree.read(sha256));
    return tree;
  });
  return { folder, trees };
}

function workshopIn(t: TestContext, folder: string, trees: readonly TreeInMemory[], change: Partial<WorkshopOptions>) {
  const shelf = new BundleShelf({ folder: join(folder, 'made'), capBytes: 100_000, keepMs: 1000, nowMs: () => 0 });
  const told: { message: string; unfinished: number }[] = [];
  const log = (message: string): void => {
    const unfinished = readdirSync(shelf.folder).filter((name) => name.startsWith('.new-')).length;
    told.push({ message, unfinished });
  };
  const workshop = new BundleWorkshop({
    shelf,
    sideOf: (sha256): Side | undefined =>
      trees.some(({ ref }) => ref.sha256 === sha256)
        ? { manifest: { path: join(folder, 'blobs', sha256), sha256 }, contents: { blobs: join(folder, 'blobs') } }
        : undefined,
    isFree: () => true,
    mayGoOn: () => true,
    logger: { info: log, warn: log },
    ...change,
  });
  t.after(() => workshop.stop());
  return { shelf, workshop, told };
}

const between = (a: TreeInMemory | undefined, b: TreeInMemory | undefined): BundleName => ({
  from: a?.ref.sha256 ?? '',
  to: b?.ref.sha256 ?? '',
});

test('who asks comes back later and finds it, in both directions; one at a time is made', async (t) => {
  const { folder, trees } = versions(t, 3);
  const [a, b, c] = trees;
  assert.ok(a && b && c);
  const { shelf, workshop, told } = workshopIn(t, folder, trees, {});
  for (let again = 0; again < 3; again++)
    for (const name of [between(a, b), between(c, a), between(b, c)]) assert.ok((workshop.ask(name) ?? 0) > 0);
  await until(() => told.length === 3);
  assert.deepEqual(
    told.map(({ message, unfinished }) => [message, unfinished]),
    Array.from({ length: 3 }, () => ['made a bundle', 0]),
    'while one is finished no other is begun',
  );
  for (const [from, to] of [
    [a, b],
    [c, a],
  ] as const) {
    const bundle = readFileSync(shelf.path(between(from, to)));
    for (const [sha256, bytes] of unbundle(from, to, bundle)) assert.ok(bytes.equals(to.read(sha256)));
  }
});

test('only between versions that are here, and not from one to itself', (t) => {
  const { folder, trees } = versions(t, 2);
  const [a, b] = trees;
  assert.ok(a && b);
  const { workshop } = workshopIn(t, folder, trees, {});
  const tool = /sha256=([0-9a-f]{64})/.exec(b.manifest.toString())?.[1] ?? '';
  for (const name of [between(a, a), { from: a.ref.sha256, to: tool }, { from: 'f'.repeat(64), to: b.ref.sha256 }])
    assert.equal(workshop.ask(name), undefined);
});

test('the queue is bounded', (t) => {
  const { folder, trees } = versions(t, 12);
  const { workshop } = workshopIn(t, folder, trees, {});
  const [first] = trees;
  const answers = trees.slice(1).map((tree) => workshop.ask(between(first, tree)));
  assert.equal(answers.filter((seconds) => seconds !== undefined).length, 9, 'one is made, eight wait');
});

test('what failed is not tried again', async (t) => {
  const { folder, trees } = versions(t, 2);
  const [a, b] = trees;
  assert.ok(a && b);
  const { workshop, told, shelf } = workshopIn(t, folder, trees, {});
  const tool = /sha256=([0-9a-f]{64})/g.exec(b.manifest.toString())?.[1] ?? '';
  for (const [, sha256 = ''] of b.manifest.toString().matchAll(/sha256=([0-9a-f]{64})/g))
    writeFileSync(join(folder, 'blobs', sha256), 'damaged');
  assert.ok(tool);
  assert.ok(workshop.ask(between(a, b)));
  await until(() => told.length === 1);
  assert.equal(told[0]?.message, 'cannot make a bundle');
  assert.equal(workshop.ask(between(a, b)), undefined);
  assert.deepEqual(readdirSync(shelf.folder), []);
});

test('what does not fit on the shelf is given up, and nothing of it stays', async (t) => {
  const { folder, trees } = versions(t, 2);
  const [a, b] = trees;
  assert.ok(a && b);
  const tiny = new BundleShelf({ folder: join(folder, 'made'), capBytes: 20, keepMs: 1000, nowMs: () => 0 });
  const { workshop, told } = workshopIn(t, folder, trees, { shelf: tiny });
  assert.ok(workshop.ask(between(a, b)));
  await until(() => told.length === 1);
  assert.equal(told[0]?.message, 'a bundle was not worth its bytes');
  assert.equal(workshop.ask(between(a, b)), undefined);
  assert.deepEqual(readdirSync(tiny.folder), []);
});

test('while there is something better to do nothing is made, and nobody is told to wait', async (t) => {
  const { folder, trees } = versions(t, 2);
  const [a, b] = trees;
  assert.ok(a && b);
  let free = false;
  const { workshop, told, shelf } = workshopIn(t, folder, trees, { isFree: () => free });
  assert.equal(workshop.ask(between(a, b)), undefined);
  assert.deepEqual(readdirSync(shelf.folder), []);
  free = true;
  assert.ok(workshop.ask(between(a, b)));
  await until(() => told.length === 1);
  assert.ok(statSync(shelf.path(between(a, b))).size > 0);
});

test('what is being made when something better comes up is put back, and made later without being asked for', async (t) => {
  const { folder, trees } = versions(t, 2);
  const [a, b] = trees;
  assert.ok(a && b);
  let [free, pauses] = [true, 0];
  const mayGoOn = (): boolean => {
    if (pauses++ > 0) return true;
    free = false;
    return false;
  };
  const { workshop, told, shelf } = workshopIn(t, folder, trees, { isFree: () => free, mayGoOn, lookMs: 1 });
  assert.ok(workshop.ask(between(a, b)));
  await until(() => !free);
  await until(() => readdirSync(shelf.folder).length === 0);
  assert.equal(told.length, 0);
  free = true;
  await until(() => told.length === 1);
  assert.ok(shelf.has(between(a, b)));
});
