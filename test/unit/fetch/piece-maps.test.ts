import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Source } from '../../../service/core/ports.ts';
import { HttpSource } from '../../../service/fetch/http-source.ts';
import { PieceMaps } from '../../../service/fetch/piece-maps.ts';

const MANIFEST = 'ab'.repeat(32);

test('a neighbour that did not have the manifest yet is asked for it again a little later', () => {
  let nowMs = 0;
  const ana: Source = {
    id: 'ana',
    kind: 'peer',
    readDocument: async () => undefined,
    readBlob: async function* () {},
  };
  const maps = new PieceMaps({
    manifest: MANIFEST,
    partial: () => [ana],
    own: 'ben',
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
  });
  maps.refresh();
  assert.ok(maps.has('ana', MANIFEST));
  maps.missed('ana', MANIFEST);
  maps.refresh();
  assert.ok(!maps.has('ana', MANIFEST));
  nowMs += 2000;
  maps.refresh();
  assert.ok(maps.has('ana', MANIFEST));
});

test('of two neighbours that are heard, one cannot be connected to: it is left out, the one that only lacks all is not', async (t) => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const gone = createServer();
  const ports: number[] = [];
  for (const one of [server, gone]) {
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    ports.push((one.address() as AddressInfo).port);
  }
  await new Promise((resolve) => gone.close(resolve));
  const neighbours = ports.map(
    (port, i) => new HttpSource({ id: `laptop ${i}`, kind: 'peer', urls: [`http://127.0.0.1:${port}`] }),
  );
  let nowMs = 0;
  const maps = new PieceMaps({
    manifest: MANIFEST,
    pieces: [MANIFEST],
    partial: () => neighbours,
    rivals: () => neighbours.map(({ id }) => id),
    own: 'us',
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
  });
  t.after(() => {
    maps.stop();
    server.closeAllConnections();
    server.close();
  });
  await maps.begin();
  nowMs += 600;
  assert.deepEqual(maps.refresh(), neighbours.slice(0, 1));
});
