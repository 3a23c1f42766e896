import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowance, chooseSource, type SourceView, worthStealing } from '../../../service/core/source-choice.ts';

function view(id: string, kind: SourceView['kind'], change: Partial<SourceView> = {}): SourceView {
  return {
    id,
    kind,
    inFlight: 0,
    limit: 4,
    failures: 0,
    misses: 0,
    rateBytesPerSecond: 0,
    waiting: false,
    lot: 0.5,
    ...change,
  };
}

test('a neighbour or a stick before the school, the school before the site', () => {
  const all = [view('stick', 'folder'), view('site', 'origin'), view('school', 'school'), view('ana', 'peer')];
  const order: string[] = [];
  for (let left = all; left.length > 0; ) {
    const id = chooseSource(left, 4);
    assert.ok(id);
    order.push(id);
    left = left.filter((one) => one.id !== id);
  }
  assert.deepEqual(order, ['stick', 'ana', 'school', 'site']);
});

test('one good neighbour gets all it takes and the school a single request beside it', () => {
  const school = view('school', 'school');
  const full = view('ana', 'peer', { inFlight: 4 });
  assert.equal(chooseSource([full, school], 4), 'school');
  assert.equal(chooseSource([full, { ...school, inFlight: 1 }], 4), undefined);
});

test('two good neighbours leave the school alone, even when they are full', () => {
  const peers = [view('ana', 'peer', { inFlight: 4 }), view('bo', 'peer', { inFlight: 4 })];
  assert.equal(chooseSource([...peers, view('school', 'school')], 4), undefined);
});

test('in a class what one neighbour has is not asked of the school, even when that one is full', () => {
  const full = view('ana', 'peer', { inFlight: 4, crowd: true });
  assert.equal(chooseSource([full, view('school', 'school', { crowd: true })], 4), undefined);
});

test('neighbours that fail, wait or crawl do not keep the school out', () => {
  const school = view('school', 'school');
  const bad = [
    [view('a', 'peer', { failures: 1, inFlight: 1 }), view('b', 'peer', { failures: 2, inFlight: 1 })],
    [view('a', 'peer', { waiting: true }), view('b', 'peer', { waiting: true })],
    [
      view('a', 'peer', { rateBytesPerSecond: 5000, inFlight: 4 }),
      view('b', 'peer', { rateBytesPerSecond: 9000, inFlight: 4 }),
    ],
  ];
  for (const peers of bad) assert.equal(allowance(school, [...peers, school], 4), 4);
});

test('a source that never has what is wanted comes after all others', () => {
  const all = [view('old', 'peer', { misses: 8 }), view('site', 'origin')];
  assert.equal(chooseSource(all, 4), 'site');
  assert.equal(allowance(all[0] ?? view('', 'peer'), all, 4), 0);
  assert.equal(chooseSource([view('old', 'peer', { misses: 8 })], 4), 'old', 'but is asked for what nobody else has');
});

test('whoever waits is not asked, whoever failed is asked for one thing, whoever has few slots for few', () => {
  assert.equal(chooseSource([view('a', 'peer', { waiting: true })], 4), undefined);
  assert.equal(chooseSource([view('a', 'peer', { failures: 1, inFlight: 1 })], 4), undefined);
  assert.equal(chooseSource([view('a', 'peer', { limit: 2, inFlight: 2 })], 4), undefined);
});

test('among equals the load follows the rate, and the lot spreads a class over its neighbours', () => {
  const quick = view('quick', 'peer', { rateBytesPerSecond: 4_000_000, inFlight: 2 });
  const slow = view('slow', 'peer', { rateBytesPerSecond: 400_000, inFlight: 1 });
  assert.equal(chooseSource([slow, quick], 4), 'quick');
  assert.equal(chooseSource([view('a', 'peer', { lot: 0.9 }), view('b', 'peer', { lot: 0.1 })], 4), 'b');
});

test('a running transfer is taken over only when that saves much', () => {
  const megabytes = 50 << 20;
  assert.ok(worthStealing({ remainingBytes: megabytes, rateBytesPerSecond: 20_000 }, 1_000_000));
  assert.ok(
    worthStealing({ remainingBytes: megabytes, rateBytesPerSecond: 5_000 }, 0),
    'a crawl, to one not yet measured',
  );
  assert.ok(!worthStealing({ remainingBytes: megabytes, rateBytesPerSecond: 900_000 }, 1_000_000));
  assert.ok(!worthStealing({ remainingBytes: megabytes, rateBytesPerSecond: 100_000 }, 0));
  assert.ok(!worthStealing({ remainingBytes: 10_000, rateBytesPerSecond: 1 }, 1_000_000));
});
