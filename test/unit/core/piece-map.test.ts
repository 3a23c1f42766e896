import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPieceMap, hasPiece, pieceMapBytes, piecesOf } from '../../../service/core/piece-map.ts';
import { file, folder, treeOf } from '../../helpers/sysroot.ts';

test('a map has one bit for each content of the manifest, in its order, however many files have it', () => {
  const { entries } = treeOf([folder('./b'), file('./a', 'one'), file('./b/c', 'two'), file('./b/d', 'one')]);
  const pieces = piecesOf(entries);
  const first = entries.find((entry) => entry.path === './a');
  assert.equal(pieces.length, 2);
  assert.equal(pieces[0], first?.type === 'file' && first.sha256);
});

test('what is said to be there is read back, across bytes; a map that is too short says no', () => {
  const pieces = Array.from({ length: 19 }, (_, i) => `${i}`);
  const map = formatPieceMap(pieces, (sha256) => Number(sha256) % 3 === 1);
  assert.equal(map.length, pieceMapBytes(19));
  for (let i = 0; i < 19; i++) assert.equal(hasPiece(map, i), i % 3 === 1, `${i}`);
  for (const index of [-1, 24, 1000]) assert.equal(hasPiece(map, index), false);
  assert.equal(hasPiece(new Uint8Array(0), 0), false);
});
