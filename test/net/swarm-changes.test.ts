/** Sources that come and go while blobs are fetched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../service/core/ports.ts';
import { SourceError } from '../../service/core/source-error.ts';
import { randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { assertAll, fetching, httpSource, refs, scripted } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';

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
