import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RippleError } from '../../service/api/errors.ts';
import type { BlobRef, Source } from '../../service/core/ports.ts';
import { SourceError } from '../../service/core/source-error.ts';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { BlobsMissingError, type FetchProgress } from '../../service/fetch/swarm.ts';
import type { BlobCache } from '../../service/store/blob-cache.ts';
import { blobOf, randomBlobs, repositoryOf, serve, type TestBlob } from '../helpers/blobs.ts';
import { fetching, httpSource } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';

const refs = (blobs: readonly TestBlob[]): BlobRef[] => blobs.map(({ ref }) => ref);
const total = (blobs: readonly TestBlob[]): number => blobs.reduce((sum, { ref }) => sum + ref.sizeBytes, 0);

function assertAll(cache: BlobCache, blobs: readonly TestBlob[]): void {
  for (const { ref, bytes } of blobs) assert.ok(readFileSync(cache.path(ref.sha256)).equals(bytes));
}

/** A source made of a function that yields: for what a network cannot be brought to do at a given byte. */
function scripted(id: string, kind: Source['kind'], script: Source['readBlob']): Source {
  return { id, kind, readBlob: script, readDocument: async () => undefined };
}

test('many blobs of every size from one server, each asked for once', async (t) => {
  const blobs = [
    ...randomBlobs(300, 700),
    ...randomBlobs(5, 200_000),
    ...randomBlobs(2, 3_000_000),
    blobOf(Buffer.alloc(0)),
  ];
  const server = await serve(t, repositoryOf(t, blobs));
  const source = httpSource(t, 'peer', server.url);
  const f = fetching(t, [source]);
  const told: FetchProgress[] = [];
  const result = await f.run([...refs(blobs), ...refs(blobs)], { onProgress: (progress) => told.push(progress) });
  assertAll(f.cache, blobs);
  assert.deepEqual(result, {
    bytesBySource: { [source.id]: total(blobs) },
    fetchedBytes: total(blobs),
    resumedBytes: 0,
    requests: 307,
  });
  assert.equal(server.givenBytes(), total(blobs));
  const last = told.at(-1);
  assert.equal(last?.doneBytes, total(blobs));
  assert.equal(last?.totalBytes, total(blobs));
  assert.equal(last?.doneBlobs, 308);
  assert.equal(last?.totalBlobs, 308);
  assert.deepEqual(f.troubles, []);

  const again = await f.run(refs(blobs));
  assert.equal(again.fetchedBytes, 0);
  assert.equal(again.resumedBytes, total(blobs));
});

test('two neighbours give at once, and the school is left alone', async (t) => {
  const blobs = randomBlobs(200, 20_000);
  const folder = repositoryOf(t, blobs);
  const servers = await Promise.all([serve(t, folder), serve(t, folder), serve(t, folder)]);
  const [ana, bo, school] = servers.map((server, i) => httpSource(t, i < 2 ? 'peer' : 'school', server.url));
  assert.ok(ana && bo && school);
  const f = fetching(t, [school, ana, bo]);
  const { bytesBySource } = await f.run(refs(blobs));
  assertAll(f.cache, blobs);
  assert.ok((bytesBySource[ana.id] ?? 0) > 0);
  assert.ok((bytesBySource[bo.id] ?? 0) > 0);
  assert.equal(servers[2]?.givenBytes(), 0);
});

test('a neighbour that has only some gives those, the school the rest, the site nothing', async (t) => {
  const blobs = randomBlobs(100, 5000);
  const some = blobs.filter((_, i) => i % 3 === 0);
  const [ana, school, site] = await Promise.all([
    serve(t, repositoryOf(t, some)),
    serve(t, repositoryOf(t, blobs)),
    serve(t, repositoryOf(t, blobs)),
  ]);
  const f = fetching(t, [
    httpSource(t, 'origin', site.url),
    httpSource(t, 'school', school.url),
    httpSource(t, 'peer', ana.url),
  ]);
  await f.run(refs(blobs));
  assertAll(f.cache, blobs);
  assert.ok(ana.givenBytes() > 0);
  assert.deepEqual(f.troubles, [], 'not to have something is no trouble');
});

test('falls back down to the last source, a folder', async (t) => {
  const blobs = randomBlobs(20, 5000);
  const gone = httpSource(t, 'peer', 'http://127.0.0.1:9');
  const empty = httpSource(t, 'school', (await serve(t, repositoryOf(t, []))).url);
  const folder = new FolderSource(repositoryOf(t, blobs));
  const f = fetching(t, [gone, empty, folder]);
  const { bytesBySource } = await f.run(refs(blobs));
  assertAll(f.cache, blobs);
  assert.deepEqual(Object.keys(bytesBySource), [folder.id]);
  assert.ok(f.troubles.every(({ id, reason }) => id === gone.id && reason === 'unreachable'));
});

test('what nobody has is said with its number, and the rest is kept', async (t) => {
  const blobs = randomBlobs(10, 5000);
  const nowhere = randomBlobs(3, 5000);
  const server = await serve(t, repositoryOf(t, blobs));
  const f = fetching(t, [httpSource(t, 'peer', server.url)]);
  await assert.rejects(f.run(refs([...nowhere, ...blobs])), (error) => {
    assert.ok(error instanceof BlobsMissingError);
    assert.equal(error.code, 'NoSource');
    assert.equal(error.missing, 3);
    assert.match(error.message, /3 of 13 blobs/);
    return true;
  });
  assertAll(f.cache, blobs);
  await assert.rejects(fetching(t, []).run(refs(blobs)), /10 of 10 blobs .* no source left/);
});

test('a source that dies half-way is replaced in the middle of a blob', async (t) => {
  const [blob] = randomBlobs(1, 1_000_000);
  assert.ok(blob);
  const dying = scripted('dying', 'peer', async function* (ref, offset) {
    if (offset > 0) throw new SourceError('unreachable', 'dying', 'still dead');
    yield blob.bytes.subarray(0, 400_000);
    throw new SourceError('unreachable', 'dying', `died with ${ref.sha256}`);
  });
  const server = await serve(t, repositoryOf(t, [blob]));
  const school = httpSource(t, 'school', server.url);
  const f = fetching(t, [dying, school]);
  const result = await f.run([blob.ref]);
  assertAll(f.cache, [blob]);
  assert.equal(server.givenBytes(), 600_000);
  assert.deepEqual(result.bytesBySource, { dying: 400_000, [school.id]: 600_000 });
});

test('a server that goes away in the middle of many blobs costs nothing but time', async (t) => {
  const blobs = randomBlobs(200, 30_000);
  const folder = repositoryOf(t, blobs);
  const ana = await serve(t, folder);
  const bo = await serve(t, folder);
  const f = fetching(t, [httpSource(t, 'peer', ana.url), httpSource(t, 'peer', bo.url)]);
  let closing: Promise<void> | undefined;
  await f.run(refs(blobs), {
    onProgress: ({ doneBytes }) => {
      if (doneBytes > 0) closing ??= ana.close();
    },
  });
  await closing;
  assertAll(f.cache, blobs);
});

test('a neighbour that comes while waiting is used', async (t) => {
  const blobs = randomBlobs(5, 1000);
  const server = await serve(t, repositoryOf(t, blobs));
  const late = httpSource(t, 'peer', server.url);
  // Busy keeps the fetch waiting; then the other one appears.
  const busy = scripted('busy', 'school', async function* () {
    yield* [];
    throw new SourceError('busy', 'busy', 'no slot', 60_000);
  });
  let sources: readonly Source[] = [busy];
  const f = fetching(t, []);
  await f.run(refs(blobs), {
    sources: () => sources,
    onSourceError: () => {
      sources = [busy, late];
    },
  });
  assertAll(f.cache, blobs);
});

test('a neighbour that failed too often, went away and came back is asked again', async (t) => {
  const [blob] = randomBlobs(1, 1000);
  assert.ok(blob);
  let answers = false;
  const moody = scripted('moody', 'peer', async function* () {
    if (!answers) throw new SourceError('unreachable', 'moody', 'gone');
    yield blob.bytes;
  });
  // Keeps the fetch alive meanwhile.
  const busy = scripted('busy', 'school', async function* () {
    yield* [];
    throw new SourceError('busy', 'busy', 'no slot', 60_000);
  });
  let asked = 0;
  let awayAt = Number.POSITIVE_INFINITY;
  const f = fetching(t, []);
  await f.run([blob.ref], {
    maxFailures: 1,
    sources: () => {
      asked += 1;
      return asked === awayAt ? [busy] : [busy, moody];
    },
    onSourceError: () => {
      awayAt = asked + 2;
      answers = true;
    },
  });
  assertAll(f.cache, [blob]);
});

test('neighbours that come, go, lie and tire all the time: every blob arrives, right', async (t) => {
  const blobs = [...randomBlobs(300, 4000), ...randomBlobs(6, 300_000)];
  const folder = repositoryOf(t, blobs);
  const steady = await serve(t, folder, { slots: 1 });
  const flapping = [await serve(t, folder, { slots: 2 }), await serve(t, folder, { slots: 3 })];
  const liar = await httpServer(t, (_request, response) => response.end(Buffer.alloc(4000)));
  const cutter = await httpServer(t, (request, response) => {
    const blob = blobs.find(({ ref }) => request.url?.endsWith(ref.sha256));
    response.writeHead(200, { 'Content-Length': blob?.bytes.length ?? 0 });
    response.write(blob?.bytes.subarray(0, 2000) ?? '', () => response.destroy());
  });
  const urls = [...flapping.map(({ url }) => url), liar, cutter];
  const sources = [httpSource(t, 'school', steady.url), ...urls.map((url) => httpSource(t, 'peer', url))];
  const f = fetching(t, []);
  let turn = 0;
  let restarting: Promise<unknown> = Promise.resolve();
  await f.run(refs(blobs), {
    // A different one is out of sight each time.
    sources: () => sources.filter((_, i) => i === 0 || i !== 1 + (turn++ % urls.length)),
    onProgress: () => {
      const server = flapping[turn % 2];
      restarting = restarting.then(async () => {
        await server?.close();
        if (server) flapping[turn % 2] = await serve(t, folder, { port: server.port }).catch(() => server);
      });
    },
  });
  await restarting;
  assertAll(f.cache, blobs);
  assert.ok(f.troubles.every(({ id, banned }) => !banned || id === liar));
});

test('a server with a single slot is asked for one thing at a time instead of being left alone', async (t) => {
  const blobs = randomBlobs(100, 3000);
  const server = await serve(t, repositoryOf(t, blobs), { slots: 1, retryAfterSeconds: 600 });
  const f = fetching(t, [httpSource(t, 'peer', server.url)]);
  await f.run(refs(blobs), { patienceMs: 20_000 });
  assertAll(f.cache, blobs);
});

test('stopped, then again with the same cache: nothing is fetched twice', async (t) => {
  const [blob] = randomBlobs(1, 8_000_000);
  const small = randomBlobs(50, 10_000);
  assert.ok(blob);
  const blobs = [blob, ...small];
  const server = await serve(t, repositoryOf(t, blobs), { rateBytesPerSecond: 6_000_000 });
  const source = httpSource(t, 'peer', server.url);
  const f = fetching(t, [source]);
  const stop = new AbortController();
  const first = f.run(refs(blobs), {
    signal: stop.signal,
    concurrencyPerSource: 1,
    onProgress: ({ doneBytes }) => {
      if (doneBytes > 500_000) stop.abort();
    },
  });
  await assert.rejects(first, (error) => error instanceof RippleError && error.code === 'Cancelled');
  const kept = f.cache.partialBytes();
  assert.ok(kept > 500_000 && kept < 8_000_000, `${kept}`);
  const result = await f.run(refs(blobs));
  assertAll(f.cache, blobs);
  assert.equal(result.fetchedBytes, total(blobs) - kept);
});

test('a source that crawls loses its last blob to one that does not', async (t) => {
  const [blob] = randomBlobs(1, 2_000_000);
  assert.ok(blob);
  const crawling = scripted('crawling', 'peer', async function* (_ref, offset, signal) {
    for (let at = offset; at < blob.bytes.length && !signal?.aborted; at += 1000) {
      yield blob.bytes.subarray(at, at + 1000);
      await sleep(100);
    }
  });
  const server = await serve(t, repositoryOf(t, [blob]));
  const f = fetching(t, [crawling, httpSource(t, 'school', server.url)]);
  const { bytesBySource } = await f.run([blob.ref]);
  assertAll(f.cache, [blob]);
  assert.ok((bytesBySource.crawling ?? 0) < 100_000);
  assert.deepEqual(f.troubles, [], 'slow is no crime');
});

test('a full disk ends the fetch with what the disk said, not with blame for a source', async (t) => {
  const blobs = randomBlobs(5, 1000);
  const server = await serve(t, repositoryOf(t, blobs));
  const f = fetching(t, [httpSource(t, 'peer', server.url)]);
  f.cache.put = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  await assert.rejects(f.run(refs(blobs)), (error) => error instanceof RippleError && error.code === 'NoSpace');
  assert.deepEqual(f.troubles, []);
});

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
