import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEER_BAN_MS, SERVER_BAN_MS, SourceLedger } from '../../../service/core/source-ledger.ts';

const peer = (id: string) => ({ id, kind: 'peer' }) as const;
const school = (id: string) => ({ id, kind: 'school' }) as const;

test('a neighbour that lies is out for a day, and a good word from discovery does not change that', () => {
  const ledger = new SourceLedger();
  ledger.failed(peer('eve'), 'lied', 1000);
  ledger.seenAgain('eve');
  assert.ok(ledger.isBanned('eve', 1000));
  assert.ok(ledger.isBanned('eve', 1000 + PEER_BAN_MS - 1));
  assert.ok(!ledger.isBanned('eve', 1000 + PEER_BAN_MS));
  assert.ok(!ledger.isBanned('ana', 1000));
});

test('a server that lied is out for a while only', () => {
  const ledger = new SourceLedger();
  ledger.failed(school('school'), 'lied', 1000);
  assert.ok(ledger.isBanned('school', 1000 + SERVER_BAN_MS - 1));
  assert.ok(!ledger.isBanned('school', 1000 + SERVER_BAN_MS));
});

test('faults back off longer each time, a success ends that', () => {
  const ledger = new SourceLedger();
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    ledger.failed(peer('ana'), 'stalled', 0);
    waits.push(ledger.get('ana').waitUntilMs);
  }
  assert.deepEqual(waits.slice(0, 4), [500, 1000, 2000, 4000]);
  assert.equal(waits.at(-1), 60_000);
  ledger.gave('ana');
  assert.equal(ledger.get('ana').waitUntilMs, 0);
  assert.equal(ledger.get('ana').failures, 0);
  assert.ok(ledger.get('ana').proven);
});

test('busy waits as told, within bounds, and is no fault; missing is no fault either', () => {
  const ledger = new SourceLedger();
  ledger.failed(school('school'), 'busy', 100, 3000);
  assert.equal(ledger.get('school').waitUntilMs, 3100);
  ledger.failed(school('school'), 'busy', 100, 1e9);
  assert.equal(ledger.get('school').waitUntilMs, 60_100);
  ledger.failed(school('school'), 'missing', 100);
  assert.equal(ledger.get('school').failures, 0);
  assert.equal(ledger.get('school').misses, 1);
});

test('a flood of new names neither grows the ledger without end nor washes a ban away', () => {
  const ledger = new SourceLedger();
  ledger.failed(peer('eve'), 'lied', 0);
  for (let i = 0; i < 5000; i++) ledger.failed(peer(`peer-${i}`), 'unreachable', 0);
  assert.ok(ledger.isBanned('eve', 1));
  assert.ok(ledger.size <= 1024);
});

test('what is worth remembering outlives a run: bans first, then who gave most; a ban goes on where it was', () => {
  const ledger = new SourceLedger();
  let bans = 0;
  ledger.onBan(() => bans++);
  for (const [id, bytes] of [
    ['little', 10],
    ['much', 1000],
  ] as const) {
    ledger.gave(id);
    ledger.addBytes(id, bytes);
    ledger.measured(id, 5000.4);
  }
  ledger.addBytes('gave nothing right', 5000);
  ledger.failed(peer('eve'), 'lied', 1000);
  assert.equal(bans, 1);
  const kept = ledger.remembered(1000 + PEER_BAN_MS / 2, 8);
  assert.deepEqual(
    kept.map(({ id }) => id),
    ['eve', 'much', 'little'],
  );
  assert.deepEqual(
    ledger.remembered(1000, 2).map(({ id }) => id),
    ['eve', 'much'],
  );
  assert.deepEqual(
    ledger.remembered(1000 + PEER_BAN_MS, 8).map(({ id }) => id),
    ['much', 'little'],
    'who sat it out is nobody to remember',
  );
  const next = new SourceLedger();
  // The clock of the next run begins elsewhere.
  next.recall(kept, 7);
  assert.ok(next.isBanned('eve', 7 + PEER_BAN_MS / 2 - 1));
  assert.ok(!next.isBanned('eve', 7 + PEER_BAN_MS / 2));
  assert.deepEqual(
    [next.isProven('much'), next.isProven('eve'), next.get('much').rateBytesPerSecond],
    [true, false, 5000],
  );
  // Whoever can write the file cannot ban for ever.
  next.recall([{ id: 'ana', proven: false, rateBytesPerSecond: 0, bannedForMs: 1e15 }], 0);
  assert.ok(!next.isBanned('ana', PEER_BAN_MS));
});
