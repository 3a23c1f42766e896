import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isOursToAsk } from '../../../service/core/server-share.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const ids = Array.from({ length: 30 }, (_, i) => sha(`laptop ${i}`).slice(0, 16));
const pieces = Array.from({ length: 600 }, (_, i) => sha(`piece ${i}`));
const asking = (piece: string, standingMs: number, present = ids): readonly string[] =>
  present.filter((id) =>
    isOursToAsk(
      id,
      present.filter((other) => other !== id),
      piece,
      standingMs,
    ),
  );

test('every piece has one laptop that asks the server first, and everybody has a like share', () => {
  const shares = new Map<string, number>();
  for (const piece of pieces) {
    const [first = '', ...others] = asking(piece, 0);
    assert.deepEqual(others, [], piece);
    shares.set(first, (shares.get(first) ?? 0) + 1);
  }
  for (const id of ids) {
    const share = shares.get(id) ?? 0;
    assert.ok(share >= 5 && share <= 45, `${id} has ${share} of ${pieces.length}; 20 would be even`);
  }
});

test('when nothing moves the pieces of others are taken over, of twice as many each time', () => {
  for (const [standingMs, askers] of [
    [2999, 1],
    [3000, 2],
    [6000, 4],
    [9000, 8],
    [15_000, 30],
    [1e9, 30],
  ] as const)
    assert.equal(asking(pieces[7] ?? '', standingMs).length, askers, `${standingMs}`);
});

test('when one leaves, only its pieces go to others; alone everything is asked for', () => {
  const [gone = '', ...left] = ids;
  for (const piece of pieces) {
    const before = asking(piece, 0)[0];
    if (before !== gone) assert.deepEqual(asking(piece, 0, left), [before]);
  }
  for (const piece of pieces) assert.ok(isOursToAsk(gone, [], piece, 0));
});
