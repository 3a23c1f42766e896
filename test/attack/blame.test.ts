/** Who lied is not asked again, and who did not is not blamed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { oneBlob, randomBlobs, realClock, repositoryOf, serve, type TestBlob } from '../helpers/blobs.ts';
import { fetching, httpSource, IMPATIENT } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';

test('a liar is not asked again the same day', async (t) => {
  const blobs = randomBlobs(30, 2000);
  let asked = 0;
  const url = await httpServer(t, (_request, response) => {
    asked += 1;
    response.end(Buffer.alloc(2000));
  });
  const honest = await serve(t, repositoryOf(t, blobs));
  const f = fetching(t, [httpSource(t, 'peer', url), httpSource(t, 'school', honest.url)]);
  const [first, ...rest] = blobs.map(({ ref }) => ref);
  assert.ok(first);
  await f.run([first]);
  assert.equal(asked, 1);
  await f.run(rest);
  assert.equal(asked, 1);
});

/** Gives the first half of everything right, then breaks; or lies in what is asked for by range. */
function halves(blob: TestBlob, lie: 'in the first half' | 'in the second half'): RequestListener {
  const half = blob.bytes.length / 2;
  return (request, response) => {
    const resumed = request.headers.range !== undefined;
    if (resumed) {
      const from = Number(/=([0-9]+)-/.exec(request.headers.range ?? '')?.[1]);
      const size = blob.bytes.length;
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${size - 1}/${size}` });
      response.end(lie === 'in the second half' ? Buffer.alloc(size - from) : blob.bytes.subarray(from));
      return;
    }
    if (lie === 'in the second half') response.end(Buffer.concat([blob.bytes.subarray(0, half), Buffer.alloc(half)]));
    else {
      response.writeHead(200, { 'Content-Length': blob.bytes.length });
      response.write(Buffer.alloc(half), () => response.destroy());
    }
  };
}

test('a part of several givers that is wrong is thrown away, and only who lied alone is banned', async (t) => {
  const blob = oneBlob(400_000);
  // Eve gives a wrong first half and cuts; the honest school completes it; nobody can tell whose bytes were wrong.
  const eve = httpSource(t, 'peer', await httpServer(t, halves(blob, 'in the first half')), IMPATIENT);
  const honest = await serve(t, repositoryOf(t, [blob]));
  const school = httpSource(t, 'school', honest.url);
  const f = fetching(t, [eve, school]);
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  assert.ok(!f.ledger.isBanned(school.id, realClock.monotonicMs()), 'the honest one is not blamed');
});

test('who lies about the second half of what an earlier process left is found out', async (t) => {
  const blob = oneBlob(400_000);
  const eve = httpSource(t, 'peer', await httpServer(t, halves(blob, 'in the second half')), IMPATIENT);
  const honest = await serve(t, repositoryOf(t, [blob]));
  const f = fetching(t, [eve, httpSource(t, 'school', honest.url)]);
  const writer = await f.cache.openPart(blob.ref);
  writer.append(blob.bytes.subarray(0, 100_000));
  writer.close();
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  assert.ok(f.ledger.isBanned(eve.id, realClock.monotonicMs()));
});

test('when all lie, nothing is kept and nothing is believed', async (t) => {
  const blobs = [oneBlob(2000), oneBlob(200_000)];
  const liars = await Promise.all([1, 2, 3].map(() => httpServer(t, (_request, response) => response.end('lies'))));
  const f = fetching(
    t,
    liars.map((url) => httpSource(t, 'peer', url)),
  );
  await assert.rejects(f.run(blobs.map(({ ref }) => ref)), /2 of 2 blobs/);
  for (const { ref } of blobs) assert.ok(!f.cache.has(ref));
  assert.equal(f.cache.partialBytes(), 0);
});
