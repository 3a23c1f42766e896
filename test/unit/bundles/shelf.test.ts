import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BundleShelf } from '../../../service/bundles/shelf.ts';
import type { BundleName } from '../../../service/core/ports.ts';
import { tempFolder } from '../../helpers/temp.ts';

const name = (digit: string): BundleName => ({ from: '0'.repeat(64), to: digit.repeat(64) });

function shelfIn(t: TestContext, capBytes: number) {
  const folder = tempFolder(t);
  let nowMs = 0;
  const open = (cap = capBytes): BundleShelf =>
    new BundleShelf({ folder, capBytes: cap, keepMs: 1000, nowMs: () => nowMs });
  const shelf = open();
  const put = (digit: string, bytes: number, newest = false): boolean => {
    writeFileSync(join(folder, 'new'), Buffer.alloc(bytes));
    return shelf.put(name(digit), join(folder, 'new'), { newest });
  };
  return { folder, shelf, put, open, later: (ms: number) => (nowMs += ms) };
}

test('a shelf is never larger than it may be; the one that was used least lately goes first', (t) => {
  const { folder, shelf, put, later } = shelfIn(t, 100);
  assert.ok(put('a', 40));
  later(1);
  assert.ok(put('b', 40));
  later(2000);
  shelf.used(name('a'));
  assert.equal(shelf.roomBytes, 60);
  assert.ok(put('c', 40));
  assert.deepEqual([shelf.has(name('a')), shelf.has(name('b')), shelf.has(name('c'))], [true, false, true]);
  assert.equal(shelf.bytes, 80);
  assert.equal(readdirSync(folder).length, 2);
});

test('what was used lately does not make room, unless the new one is what this laptop itself used', (t) => {
  const { folder, shelf, put } = shelfIn(t, 100);
  assert.ok(put('a', 60));
  assert.equal(put('b', 60), false);
  assert.ok(shelf.has(name('a')));
  assert.equal(existsSync(join(folder, 'new')), false, 'nothing is left of what had no room');
  assert.ok(put('b', 60, true));
  assert.deepEqual([shelf.has(name('a')), shelf.bytes], [false, 60]);
  assert.equal(put('c', 101, true), false);
  assert.ok(shelf.has(name('b')));
});

test('a shelf is found again by the next process, which keeps its own bound', (t) => {
  const { folder, put, open } = shelfIn(t, 100);
  put('a', 40);
  put('b', 50);
  writeFileSync(join(folder, 'other'), 'not a bundle');
  assert.equal(open().bytes, 90);
  assert.equal(open(60).bytes <= 60, true);
  assert.ok(existsSync(join(folder, 'other')));
});

test('one can be replaced, taken off, and pruned', (t) => {
  const { folder, shelf, put } = shelfIn(t, 100);
  put('a', 40);
  assert.ok(put('a', 90), 'the older one of the same name makes room');
  assert.equal(shelf.bytes, 90);
  assert.ok(shelf.take(name('a'), join(folder, 'mine')));
  assert.equal(shelf.take(name('a'), join(folder, 'mine')), false);
  put('b', 10);
  put('c', 10);
  shelf.prune(({ to }) => to === name('c').to);
  assert.deepEqual([shelf.has(name('b')), shelf.has(name('c'))], [false, true]);
});
