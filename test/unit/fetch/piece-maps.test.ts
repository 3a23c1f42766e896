import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../../service/core/ports.ts';
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
