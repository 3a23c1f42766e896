/** Bundles from real servers over HTTP: what a laptop makes of good ones, and how it gets round all others. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { DeploymentContent } from '../../service/store/deployment-content.ts';
import { ServedTree } from '../../service/store/served-tree.ts';
import { serve } from '../helpers/blobs.ts';
import { assertHasAll, assertHasNothing, flipped, giving, pupil, school } from '../helpers/bundle-pupil.ts';
import { httpSource } from '../helpers/fetch.ts';
import { httpServer, send } from '../helpers/http.ts';
import { tempFolder } from '../helpers/temp.ts';

test('a bundle fills the cache with exactly what is new, over HTTP and from a folder', async (t) => {
  const it = await school();
  const server = await serve(t, it.repository.root);
  for (const source of [httpSource(t, 'school', server.url), new FolderSource(it.repository.root)]) {
    const laptop = pupil(t, it);
    const signal = new AbortController().signal;
    assert.equal(await laptop.taker.size(it.name, [source], signal), it.bundle.length);
    const told: number[] = [];
    const taken = await laptop.take([source], { onProgress: (done, total) => told.push(done, total) });
    assert.equal(taken?.bytes, it.bundle.length);
    assert.deepEqual(taken.bytesBySource, { [source.id]: it.bundle.length });
    assert.deepEqual(told.slice(-2), [it.bundle.length, it.bundle.length]);
    await assertHasAll(laptop, it);
  }
});

test('a bundle that was used is kept and given on, only with its version, and one at a time', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const { layout, cache, taker, shelf } = laptop;
  writeFileSync(join(tempFolder(t), 'x'), '');
  mkdirSync(layout.bundles, { recursive: true });
  const older = layout.bundle({ from: 'a'.repeat(64), to: 'b'.repeat(64) });
  writeFileSync(join(layout.bundles, 'new'), 'older');
  shelf.put({ from: 'a'.repeat(64), to: 'b'.repeat(64) }, join(layout.bundles, 'new'));
  assert.ok(existsSync(older));
  assert.ok(await laptop.take([new FolderSource(it.repository.root)]));
  assert.equal(existsSync(layout.bundle(it.name)), false, 'not before its version is here');
  taker.keep(it.name);
  assert.deepEqual(readdirSync(layout.bundles), [`${it.name.from}-${it.name.to}`]);

  const content = (version: number, sha256: string): DeploymentContent => {
    const manifestPath = join(layout.manifests, `xo.${version}`);
    writeFileSync(manifestPath, readFileSync(it.repository.blobPath(sha256)));
    const tree = new ServedTree(layout.deployment({ image: 'xo', version: 6 }), manifestPath, sha256);
    t.after(() => tree.close());
    return new DeploymentContent({ layout, trees: [{ tree, manifestPath }], cache });
  };
  const [path, given] = [{ kind: 'bundle', ...it.name } as const, content(7, it.name.to)];
  assert.equal(await content(6, it.name.from).open(path), undefined);
  const server = await serve(t, it.repository.root, { content: given });
  const next = pupil(t, it);
  assert.ok(await next.take([httpSource(t, 'peer', server.url)]));
  await assertHasAll(next, it);
  assert.equal((await send(`${server.url}/bundles/${it.name.to}-${it.name.from}`)).status, 404);
});

test('nobody has one, or only a longer one than it is worth: nothing is fetched', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const empty = httpSource(t, 'peer', (await serve(t, tempFolder(t))).url);
  assert.equal(await laptop.take([]), undefined);
  assert.equal(await laptop.take([empty]), undefined);
  const whole = await giving(t, it, it.bundle);
  assert.equal((await laptop.tried([empty])).end, 'none');
  assert.equal((await laptop.tried([empty, whole], { maxBytes: it.bundle.length - 1 })).end, 'again');
  assert.deepEqual(readdirSync(laptop.layout.bundles), []);
  assertHasNothing(laptop);
  assert.ok(await laptop.take([empty, whole]));
});

test('a wrong bundle: who alone gave it is banned, nothing of it is used, and the next one is asked', async (t) => {
  const it = await school();
  const { bundle } = it;
  const cases = {
    'a byte changed in the middle': flipped(bundle, bundle.length >> 1),
    'another check': flipped(bundle, 12),
    'cut short': bundle.subarray(0, bundle.length - 5),
    'something else': Buffer.from('hello'),
    'one byte more': Buffer.concat([bundle, Buffer.from('x')]),
    empty: Buffer.alloc(0),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    const laptop = pupil(t, it);
    const bad = await giving(t, it, bytes);
    assert.equal(await laptop.take([bad]), undefined, what);
    assert.ok(laptop.ledger.isBanned(bad.id, performance.now()), what);
    assert.equal(laptop.cache.has(it.manifest), false, what);
    assert.deepEqual(readdirSync(laptop.layout.bundles), [], what);
    const good = await giving(t, it, bundle);
    assert.ok(await laptop.take([bad, good]), what);
    await assertHasAll(laptop, it);
  }
});

test('a bundle of some other version is refused by the manifest alone', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const good = await giving(t, it, it.bundle);
  const other = { ...it.manifest, sha256: it.manifest.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) };
  assert.equal(await laptop.take([good], { manifest: other }), undefined);
  assert.equal(laptop.cache.has(other), false);
  assert.equal(laptop.cache.has(it.manifest), false);
});

test('a connection that breaks: the next source gives the rest', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const half = it.bundle.length >> 1;
  const breaking = httpSource(
    t,
    'peer',
    await httpServer(t, (_request, response) => {
      response.setHeader('Content-Length', it.bundle.length);
      response.write(it.bundle.subarray(0, half), () => setTimeout(() => response.destroy(), 50));
    }),
  );
  const rest = new FolderSource(it.repository.root);
  const taken = await laptop.take([breaking, rest]);
  assert.equal(taken?.bytesBySource[breaking.id], half);
  assert.equal(taken?.bytesBySource[rest.id], it.bundle.length - half);
  await assertHasAll(laptop, it);
});

test('a wrong part of several givers bans nobody: it is fetched again from one', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  mkdirSync(laptop.layout.bundles, { recursive: true });
  const part = `${laptop.layout.bundle(it.name)}.part`;
  for (const left of [flipped(it.bundle, 40).subarray(0, 100), Buffer.concat([it.bundle, it.bundle])]) {
    writeFileSync(part, left);
    const good = await giving(t, it, it.bundle);
    assert.ok(await laptop.take([good]));
    assert.equal(laptop.ledger.isBanned(good.id, performance.now()), false);
    await assertHasAll(laptop, it);
    rmSync(part);
  }
});

test('a damaged file of the running tree is not the fault of who gave the bundle', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const tree = laptop.layout.deployment({ image: 'xo', version: 6 });
  writeFileSync(join(tree, 'usr/lib/large-0.so'), 'damaged');
  const good = await giving(t, it, it.bundle);
  assert.equal(await laptop.take([good]), undefined);
  assert.equal(laptop.ledger.isBanned(good.id, performance.now()), false);
  assert.equal(laptop.cache.has(it.manifest), false);
  assert.equal(existsSync(laptop.layout.unpacked), false);
});

test('a source that does not say how long its bundle is, or sends more than it said, is left', async (t) => {
  const it = await school();
  const laptop = pupil(t, it);
  const endless = httpSource(t, 'peer', await httpServer(t, (_request, response) => response.end('RIPBUND2')));
  const chunked = httpSource(
    t,
    'peer',
    await httpServer(t, (_request, response) => {
      response.write(it.bundle);
      response.end('more');
    }),
  );
  assert.equal(await laptop.take([endless, chunked]), undefined);
  assertHasNothing(laptop);
});
