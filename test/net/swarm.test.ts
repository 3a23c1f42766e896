/** Who is asked for what, and what happens when that is not enough. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RippleError } from '../../service/api/errors.ts';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { BlobsMissingError, type FetchProgress } from '../../service/fetch/swarm.ts';
import { blobOf, randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { assertAll, fetching, httpSource, refs, scripted, total } from '../helpers/fetch.ts';

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
