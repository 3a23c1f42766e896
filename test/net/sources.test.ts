/** What one source may be: a neighbour with several addresses, a plain web server, a folder. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { assertAll, fetching, httpSource, refs } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';

test('of several addresses of one neighbour, one that answers is enough', async (t) => {
  const blobs = randomBlobs(5, 1000);
  const server = await serve(t, repositoryOf(t, blobs));
  const source = new HttpSource({
    id: 'ana',
    kind: 'peer',
    urls: ['http://127.0.0.1:9', 'http://[::1]:9', server.url],
  });
  t.after(() => source.close());
  const f = fetching(t, [source]);
  assert.deepEqual((await f.run(refs(blobs))).bytesBySource, { ana: 5000 });
  assert.deepEqual(f.troubles, []);
});

test('a connection that the server closed meanwhile is no failure', async (t) => {
  const blobs = randomBlobs(2, 1000);
  const folder = repositoryOf(t, blobs);
  const first = await serve(t, folder);
  const source = httpSource(t, 'peer', first.url);
  const [a, b] = blobs;
  assert.ok(a && b);
  const f = fetching(t, [source]);
  await f.run([a.ref]);
  await first.close();
  await serve(t, folder, { port: first.port });
  await f.run([b.ref], { maxFailures: 1 });
  assert.deepEqual(f.troubles, []);
});

test('a static server without ranges is good enough to resume from', async (t) => {
  const [blob] = randomBlobs(1, 500_000);
  assert.ok(blob);
  const url = await httpServer(t, (_request, response) => response.end(blob.bytes));
  const f = fetching(t, [httpSource(t, 'origin', `${url}/some/folder`)]);
  const writer = await f.cache.openPart(blob.ref);
  writer.append(blob.bytes.subarray(0, 300_000));
  writer.close();
  const result = await f.run([blob.ref]);
  assertAll(f.cache, [blob]);
  assert.equal(result.fetchedBytes, 200_000);
  assert.equal(result.resumedBytes, 300_000);
});

test('documents: what is there, what is not, what is too long', async (t) => {
  const folder = repositoryOf(t, []);
  writeFileSync(join(folder, 'images/xo/7.pgp'), 'release');
  const server = await serve(t, folder);
  for (const source of [httpSource(t, 'peer', server.url), new FolderSource(folder)]) {
    assert.equal(Buffer.from((await source.readDocument('images/xo/7.pgp', 100)) ?? []).toString(), 'release');
    assert.equal(await source.readDocument('images/xo/8.pgp', 100), undefined);
    await assert.rejects(source.readDocument('images/xo/7.pgp', 6), /longer than 6 bytes/);
  }
  rmSync(folder, { recursive: true });
  await assert.rejects(async () => new FolderSource(folder), /is it there/);
});
