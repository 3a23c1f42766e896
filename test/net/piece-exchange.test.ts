/** A neighbour that is itself still getting a version, over real HTTP: asked for what it says that it has, and no more. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatPieceMap } from '../../service/core/piece-map.ts';
import { isOursToAsk } from '../../service/core/server-share.ts';
import { PieceMaps } from '../../service/fetch/piece-maps.ts';
import { randomBlobs, realClock, repositoryOf, serve, type TestBlob } from '../helpers/blobs.ts';
import { fetching, httpSource, refs } from '../helpers/fetch.ts';
import { send } from '../helpers/http.ts';

const MANIFEST = 'e'.repeat(64);

/** A neighbour with `had` of all; a school server with all of them. */
async function classOfTwo(t: TestContext, blobs: readonly TestBlob[], had: readonly TestBlob[], told = had) {
  const pieces = blobs.map(({ ref }) => ref.sha256);
  const tell = new Set(told.map(({ ref }) => ref.sha256));
  const folder = repositoryOf(t, had);
  const neighbour = await serve(t, folder, {
    pieces: (manifest) => (manifest === MANIFEST ? formatPieceMap(pieces, (sha256) => tell.has(sha256)) : undefined),
  });
  const school = await serve(t, repositoryOf(t, blobs));
  const [peer, server] = [httpSource(t, 'peer', neighbour.url), httpSource(t, 'school', school.url)];
  const rivals: string[] = [];
  const partners = new PieceMaps({
    ...{ manifest: MANIFEST, pieces, own: 'us' },
    ...{ partial: () => [peer], rivals: () => rivals, clock: realClock },
  });
  return { folder, neighbour, school, peer, partners, rivals, fetch: fetching(t, [server]) };
}

const total = (blobs: readonly TestBlob[]): number => blobs.reduce((sum, { ref }) => sum + ref.sizeBytes, 0);

test('what a neighbour has so far comes from it, the rest from the school', async (t) => {
  const blobs = [...randomBlobs(60, 3_000), ...randomBlobs(6, 300_000)];
  const had = blobs.filter((_, i) => i % 2 === 0);
  const { neighbour, school, partners, rivals, fetch } = await classOfTwo(t, blobs, had);
  // Others want it, too, and so the school is asked for our share, and then for the rest, for nobody else does.
  rivals.push('ana', 'bo');
  await fetch.run(refs(blobs), { partners });
  assert.equal(neighbour.givenBytes(), total(had));
  assert.equal(school.givenBytes(), total(blobs) - total(had));
  assert.deepEqual(fetch.troubles, []);
});

test('a neighbour that says more than it has is no obstacle, and not thought worse of', async (t) => {
  const blobs = randomBlobs(20, 3_000);
  const { peer, partners, fetch } = await classOfTwo(t, blobs, blobs.slice(0, 5), blobs);
  const { fetchedBytes } = await fetch.run(refs(blobs), { partners });
  assert.equal(fetchedBytes, total(blobs));
  assert.equal(fetch.ledger.get(peer.id).misses, 0);
});

test('one that gives wrong bytes is shut out although it has only a part', async (t) => {
  const blobs = randomBlobs(20, 3_000);
  const { folder, peer, partners, fetch } = await classOfTwo(t, blobs, blobs);
  for (const { ref } of blobs) {
    rmSync(join(folder, 'blobs', ref.sha256));
    writeFileSync(join(folder, 'blobs', ref.sha256), Buffer.alloc(ref.sizeBytes));
  }
  const { bytesBySource } = await fetch.run(refs(blobs), { partners });
  assert.equal(bytesBySource[peer.id] ?? 0, 0);
  assert.ok(fetch.ledger.isBanned(peer.id, realClock.monotonicMs()));
});

test('the share of another is taken over when the class stands still, not when it only is slow', async (t) => {
  const blobs = randomBlobs(40, 100);
  const pieces = blobs.map(({ ref }) => ref.sha256);
  const others = ['ana', 'bo', 'cy'];
  const theirs = pieces.find((piece) => !isOursToAsk('us', others, piece, 3000)) ?? '';
  const rest = pieces.filter((piece) => piece !== theirs);
  let [had, now] = [1, 10_000];
  const { url } = await serve(t, repositoryOf(t, []), {
    pieces: () => formatPieceMap(pieces, (piece) => rest.slice(0, had).includes(piece)),
  });
  const partners = new PieceMaps({
    ...{ manifest: MANIFEST, pieces, own: 'us', partial: () => [httpSource(t, 'peer', url)], rivals: () => others },
    clock: { monotonicMs: () => now, wallMs: () => now },
  });
  for (; had < 6; had++, now += 5000) {
    await partners.begin();
    assert.ok(!partners.isOursToAsk(theirs, now, false), 'somebody got something');
  }
  had -= 1;
  now += 10_000;
  await partners.begin();
  assert.ok(partners.isOursToAsk(theirs, 20_000, false));
  assert.ok(!partners.isOursToAsk(theirs, 20_000, true), 'somebody near has it');
  assert.ok(partners.isOursToAsk(theirs, 60_000, true), 'and does not give it');
  partners.stop();
});

test('the map is given at its own address only, to readers only', async (t) => {
  const blobs = randomBlobs(9, 100);
  const { neighbour, school } = await classOfTwo(t, blobs, blobs.slice(0, 1));
  const reply = await send(`${neighbour.url}/have/${MANIFEST}`);
  assert.deepEqual([reply.status, reply.body], [200, Buffer.from([1, 0])]);
  assert.equal((await send(`${neighbour.url}/have/${MANIFEST}`, {}, 'HEAD')).body.length, 0);
  for (const url of [
    `${neighbour.url}/have/${'d'.repeat(64)}`,
    `${neighbour.url}/have/${MANIFEST}/`,
    `${neighbour.url}/have/`,
    `${neighbour.url}/have/${MANIFEST.toUpperCase()}`,
    `${school.url}/have/${MANIFEST}`,
  ])
    assert.equal((await send(url)).status, 404, url);
});
