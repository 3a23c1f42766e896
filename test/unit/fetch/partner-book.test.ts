import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartnerBook } from '../../../service/fetch/partner-book.ts';
import { Random } from '../../../service/simulate/random.ts';

interface Laptop {
  readonly id: string;
}

function bookOf(partial: () => readonly Laptop[]): {
  readonly book: PartnerBook<Laptop>;
  readonly pass: (ms: number) => void;
} {
  let nowMs = 0;
  const random = new Random(1);
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const book = new PartnerBook<Laptop>({ pieces: ['aa'], partial, own: 'us', clock, random: () => random.next() });
  return { book, pass: (ms) => (nowMs += ms) };
}

const class30: readonly Laptop[] = Array.from({ length: 30 }, (_, i) => ({ id: `laptop ${i}` }));

test('of thirty there are eight partners at a time, and each is one of them now and then', () => {
  const { book, pass } = bookOf(() => class30);
  const met = new Set<Laptop>();
  for (let look = 0; look < 2400; look++, pass(500)) {
    book.lookAround();
    assert.equal(book.sources.length, 8);
    for (const one of book.sources) met.add(one);
  }
  assert.equal(met.size, class30.length, 'somebody who began late would be found by nobody');
});

test('most partners stay, and each is asked for its map about once a second', () => {
  const { book, pass } = bookOf(() => class30);
  let [asked, stayed] = [0, 0];
  for (let look = 0; look < 60; look++, pass(500)) {
    const before = new Set(book.sources);
    asked += book.lookAround().length;
    stayed += book.sources.filter((one) => before.has(one)).length;
  }
  assert.ok(stayed > 59 * 7.5, `${stayed} of ${59 * 8}`);
  assert.ok(asked > 30 * 8 * 0.6 && asked < 30 * 8 * 1.5, `${asked} questions in 30 s`);
});

test('where there are no more than eight, nobody makes room, and who left is a partner no more', () => {
  let present = class30.slice(0, 8);
  const { book, pass } = bookOf(() => present);
  for (let look = 0; look < 20; look++, pass(500)) {
    book.lookAround();
    assert.equal(book.sources.length, 8);
  }
  present = present.slice(1);
  book.lookAround();
  assert.deepEqual(new Set(book.sources), new Set(present));
  assert.ok(!book.isPartner('laptop 0'));
});

test('who cannot be connected to is left out: what would be for it to ask the server for is ours; later it is tried again', () => {
  const { book, pass } = bookOf(() => class30);
  const pieces = Array.from({ length: 60 }, (_, i) =>
    (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').padEnd(64, '0'),
  );
  const ours = (): number => pieces.filter((piece) => book.isOursToAsk(piece, 0, false)).length;
  book.lookAround();
  assert.ok(ours() < 10, `${ours()} of 60 among thirty`);
  const [reached] = class30;
  for (const one of class30) if (one !== reached) book.unreached(one);
  pass(500);
  book.lookAround();
  assert.deepEqual(book.sources, [reached]);
  assert.ok(ours() > 20 && ours() < 40, `${ours()} of 60 between two`);
  if (reached) book.unreached(reached);
  pass(500);
  book.lookAround();
  assert.equal(ours(), 60);
  assert.ok(!book.isCrowd);
  pass(30_000);
  book.lookAround();
  assert.equal(book.sources.length, 8);
  assert.ok(book.isCrowd);
});
