import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPiece } from '../../../service/core/piece-map.ts';
import { PieceBoard } from '../../../service/daemon/piece-board.ts';

test('it tells what is in the trees and what came, and nothing of another version', () => {
  const here = new Set<string>();
  let now = 0;
  const board = new PieceBoard(
    ({ sha256 }) => here.has(sha256),
    () => now,
  );
  const told = (): readonly boolean[] => {
    const map = board.map('m');
    return [0, 1, 2].map((index) => map !== undefined && hasPiece(map, index));
  };
  assert.equal(board.map('m'), undefined);
  board.show(
    'm',
    ['tree', 'first', 'second'],
    [
      { sha256: 'first', sizeBytes: 1 },
      { sha256: 'second', sizeBytes: 2 },
    ],
  );
  assert.deepEqual(told(), [true, false, false]);
  here.add('second');
  assert.deepEqual(told(), [true, false, false], 'the disk is not looked at for everybody who asks');
  now = 1000;
  assert.deepEqual(told(), [true, false, true]);
  assert.equal(board.map('other'), undefined);
  board.clear();
  assert.equal(board.map('m'), undefined);
});
