import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NeighbourTable } from '../../../service/discover/registry.ts';
import { txtRecord } from '../../helpers/neighbours.ts';

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 1_700_000_000_000 + monotonicMs });
const A = 'http://10.0.0.1:8100';
const B = 'http://10.0.0.2:8100';
const C = 'http://10.0.0.3:8100';

function only(table: NeighbourTable) {
  const [first, ...rest] = table.list();
  assert.ok(first);
  assert.deepEqual(rest, []);
  return first;
}

test('a neighbour that announces is listed; this machine is not', () => {
  const table = new NeighbourTable('me');
  assert.deepEqual(table.sighted(txtRecord({ id: 'me' }), A, at(0)), { changed: false, mustAnswer: false });
  assert.deepEqual(table.sighted(txtRecord({ id: 'x', version: 7 }), B, at(5)), { changed: true, mustAnswer: false });
  const neighbour = only(table);
  assert.deepEqual(
    [neighbour.id, neighbour.version, neighbour.urls, neighbour.alive, neighbour.lastSeenMs],
    ['x', 7, [B], true, 1_700_000_000_005],
  );
});

test('the same words again change nothing; others replace them', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  assert.equal(table.sighted(txtRecord(), A, at(1)).changed, false);
  assert.equal(table.sighted(txtRecord({ progress: 40 }), A, at(2)).changed, true);
  assert.equal(only(table).progress, 40);
});

test('a second address under a known id counts only once it answered, and then stands first', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord({ version: 6 }), A, at(0));
  assert.deepEqual(table.sighted(txtRecord({ version: 99 }), B, at(1)), { changed: false, mustAnswer: true });
  assert.deepEqual([only(table).version, only(table).urls], [6, [A]]);
  assert.equal(table.answered(B, at(2)), true);
  assert.deepEqual([only(table).version, only(table).urls], [99, [B]]);
});

test('a second address that does not answer was never there', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  table.sighted(txtRecord({ version: 99 }), B, at(1));
  assert.equal(table.missed(B), false);
  assert.deepEqual(table.urlsOf('a1b2c3'), [A]);
});

test('a laptop on two networks has both addresses, and loses one without going away', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  table.sighted(txtRecord(), B, at(1));
  table.answered(B, at(2));
  assert.deepEqual(only(table).urls, [B, A]);
  assert.equal(table.missed(B), true);
  assert.deepEqual([only(table).urls, only(table).alive], [[A], true]);
});

test('who does not answer is away, stays so whatever is announced, and is back when it answers', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  assert.equal(table.missed(A), true);
  assert.equal(only(table).alive, false);
  assert.deepEqual(table.sighted(txtRecord(), A, at(1)), { changed: false, mustAnswer: true });
  assert.equal(only(table).alive, false);
  assert.equal(table.answered(A, at(2)), true);
  assert.equal(only(table).alive, true);
});

test('a laptop that comes back at another address is alive there once it answers', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  table.missed(A);
  assert.equal(table.sighted(txtRecord(), B, at(1)).mustAnswer, true);
  assert.equal(only(table).alive, false);
  table.answered(B, at(2));
  assert.deepEqual([only(table).urls, only(table).alive], [[B], true]);
});

test('an address has one id: another one there replaces it', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord({ id: 'old' }), A, at(0));
  assert.equal(table.sighted(txtRecord({ id: 'new' }), A, at(1)).changed, true);
  assert.equal(only(table).id, 'new');
  assert.deepEqual(table.urlsOf('old'), []);
});

test('one id cannot fill the table with addresses', () => {
  const table = new NeighbourTable('me');
  for (let host = 0; host < 100; host++) {
    table.sighted(txtRecord(), `http://10.0.1.${host}:1`, at(host));
    table.answered(`http://10.0.1.${host}:1`, at(host));
  }
  assert.equal(table.urlsOf('a1b2c3').length <= 4, true);
});

test('a full table keeps those who answered', () => {
  const table = new NeighbourTable('me', 3);
  for (const [index, url] of [A, B, C].entries()) table.sighted(txtRecord({ id: `n${index}` }), url, at(index));
  table.answered(A, at(10));
  table.answered(C, at(10));
  for (let flood = 0; flood < 50; flood++)
    table.sighted(txtRecord({ id: `f${flood}` }), `http://10.9.0.1:${flood + 1}`, at(20));
  const ids = table.list().map((one) => one.id);
  assert.equal(ids.length, 3);
  assert.ok(ids.includes('n0') && ids.includes('n2') && !ids.includes('n1'));
});

test('who has been away for ten minutes is forgotten', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord(), A, at(0));
  table.sighted(txtRecord({ id: 'other' }), B, at(0));
  table.missed(A);
  assert.equal(table.prune(at(60_000)), false);
  assert.equal(table.prune(at(600_001)), true);
  assert.equal(only(table).id, 'other');
});

test('at rest the one silent for longest is asked', () => {
  const table = new NeighbourTable('me');
  table.sighted(txtRecord({ id: 'a' }), A, at(5));
  table.sighted(txtRecord({ id: 'b' }), B, at(1));
  table.sighted(txtRecord({ id: 'c' }), C, at(0));
  table.missed(C);
  assert.equal(table.mostSilent(), B);
});

test('who is only in a list is not there until it answered', () => {
  const table = new NeighbourTable('me');
  assert.equal(table.sighted(txtRecord(), A, at(0), false).mustAnswer, true);
  assert.deepEqual(table.list(), []);
  assert.equal(table.isAlive(A), false);
  assert.equal(table.answered(A, at(1)), true);
  assert.equal(only(table).alive, true);
});
