/** Bundles that come in parts: what came and what came out of it is not lost, whoever gives the rest and whenever. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Source } from '../../service/core/ports.ts';
import { partOf } from '../../service/daemon/bundle-taker.ts';
import { assertHasAll, flipped, giving, pupil, type School, school } from '../helpers/bundle-pupil.ts';
import { httpSource } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';
import { tempFolder } from '../helpers/temp.ts';

/** Serves ranges, tells which, and breaks the connection after byte `breakAt`. */
async function ranged(t: TestContext, { bundle }: School, breakAt = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const url = await httpServer(t, (request, response) => {
    const { range = '' } = request.headers;
    asked.push(range);
    const start = Number(/^bytes=([0-9]+)-$/.exec(range)?.[1] ?? 0);
    if (start >= bundle.length)
      return response.writeHead(416, { 'Content-Range': `bytes */${bundle.length}`, 'Content-Length': 0 }).end();
    const rest = bundle.subarray(start);
    response.writeHead(range ? 206 : 200, {
      'Content-Length': rest.length,
      ...(range ? { 'Content-Range': `bytes ${start}-${bundle.length - 1}/${bundle.length}` } : {}),
    });
    if (bundle.length <= breakAt) return response.end(rest);
    response.write(bundle.subarray(start, breakAt), () => setTimeout(() => response.destroy(), 50));
    return response;
  });
  return { asked, source: httpSource(t, 'peer', url) };
}

test('after a restart only the rest comes, from another source; what came out before is not lost', async (t) => {
  const it = await school();
  // Large enough for one part of the bundle, and into the next.
  const cut = it.bundle.length - 1000;
  const sysroot = tempFolder(t, 'sysroot');
  const before = pupil(t, it, sysroot);
  const broken = await before.tried([(await ranged(t, it, cut)).source]);
  assert.deepEqual([broken.end, broken.bytes], ['none', cut]);
  assert.ok(broken.contents.length > 0, 'something came out of it');
  for (const ref of broken.contents) assert.ok(before.cache.has(ref));

  const after = pupil(t, it, sysroot);
  for (const ref of broken.contents) assert.ok(await after.cache.rehash(ref), 'also without the rest of the bundle');
  const { source, asked } = await ranged(t, it);
  const taken = await after.take([source]);
  assert.deepEqual(asked, [`bytes=${cut}-`]);
  assert.deepEqual(taken?.bytesBySource, { [source.id]: it.bundle.length - cut });
  await assertHasAll(after, it);
});

test('a bundle that is here whole is unpacked without asking anybody', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  writeFileSync(partOf(laptop.layout, it.name), it.bundle);
  const { source, asked } = await ranged(t, it);
  assert.ok(await laptop.take([source]));
  assert.deepEqual(asked, []);
  await assertHasAll(laptop, it);
});

test('asked for what follows the last byte, a source is believed that nothing does', async (t) => {
  const it = await school();
  const { source, asked } = await ranged(t, it);
  const opened = await source.openBundle(it.name, it.bundle.length);
  assert.deepEqual([opened?.sizeBytes, opened?.offset], [it.bundle.length, it.bundle.length]);
  for await (const chunk of opened?.chunks ?? []) assert.fail(`${chunk.length} bytes`);
  const shorter = await source.openBundle(it.name, it.bundle.length + 1);
  assert.equal(shorter?.offset, 0, 'it is another bundle');
  shorter?.close();
  assert.equal(asked.length, 3);
});

test('of a bundle that is wrong at its end, what came out right before is kept', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const bad = await giving(t, it, flipped(it.bundle, it.bundle.length - 20));
  const tried = await laptop.tried([bad]);
  assert.equal(tried.end, 'none');
  assert.ok(laptop.ledger.isBanned(bad.id, performance.now()));
  assert.ok(tried.contents.length > 0);
  for (const ref of tried.contents) assert.ok(await laptop.cache.rehash(ref));
});

test('whoever waits with the rest is left when nobody wants to wait: another bundle of the same name starts afresh', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const half = it.bundle.length >> 1;
  const broken = (await ranged(t, it, half)).source;
  // Another maker's bundle: as long as no other, and right.
  const other = await giving(t, it, it.bundle);
  const longer: Source = {
    id: 'longer',
    kind: 'peer',
    readDocument: (path, maxBytes) => other.readDocument(path, maxBytes),
    readBlob: (ref, offset) => other.readBlob(ref, offset),
    openBundle: async (_name, offset) => {
      const bytes = Buffer.concat([it.bundle, Buffer.from('x')]).subarray(offset);
      const chunks = (async function* () {
        yield bytes;
      })();
      return { sizeBytes: it.bundle.length + 1, offset, chunks, close: () => {} };
    },
  };
  const laptopId = laptop.ledger;
  assert.equal((await laptop.tried([broken])).bytes, half);
  const taken = await laptop.tried([longer, other]);
  assert.equal(taken.end, 'whole');
  assert.ok(laptopId.isBanned('longer', performance.now()) || taken.bytesBySource[other.id] !== undefined);
});

test('too little room: not a byte of a bundle is fetched, and nobody is blamed', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const { source, asked } = await ranged(t, it);
  const tried = await laptop.tried([source], { stageBytes: 2 ** 50 });
  assert.deepEqual([tried.end, tried.bytes], ['none', 0]);
  assert.equal(asked.length, 1);
  assert.deepEqual(readdirSync(laptop.layout.bundles), []);
  assert.equal(laptop.ledger.isBanned(source.id, performance.now()), false);
});

const skip = process.getuid?.() === 0 ? false : 'mounting needs root';
test('a bundle whose contents have no room is stopped at its head, and nobody is blamed', { skip }, async (t) => {
  const it = await school();
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  // The reserve, the old tree, and room for the bundle but not for what comes out of it.
  const oldKib = Number(execFileSync('du', ['-sk', it.older], { encoding: 'utf8' }).split('\t')[0]);
  const sizeKib = 16 * 1024 + oldKib + Math.floor((1.5 * it.bundle.length) / 1024);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'small-disk', folder]);
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  const laptop = pupil(t, it, folder);
  const { source, asked } = await ranged(t, it);
  const tried = await laptop.tried([source]);
  assert.equal(tried.end, 'none');
  assert.deepEqual(tried.contents, []);
  assert.equal(asked.length, 1);
  assert.equal(laptop.ledger.isBanned(source.id, performance.now()), false);
});
