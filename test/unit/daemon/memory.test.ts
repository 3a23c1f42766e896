import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Memory } from '../../../service/daemon/memory.ts';

test('what was remembered is there after a restart, and the id stays', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ripple', 'state.json');
  const first = Memory.open(file);
  first.update({ goal: 7, shunned: [5], rollback: { from: 8, to: 7, reason: 'tries-used-up' } });
  const second = Memory.open(file);
  assert.deepEqual(second.state, first.state);
  assert.match(second.state.id, /^[0-9a-f]{16}$/);
});

test('the epoch never falls by an update, and a damaged file starts afresh', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const memory = Memory.open(file);
  memory.update({ latestEpoch: 9, trustedTimeSeconds: 1000 });
  memory.update({ latestEpoch: 3 });
  assert.equal(memory.state.latestEpoch, 9);
  writeFileSync(file, readFileSync(file).subarray(0, 20));
  assert.equal(Memory.open(file).state.latestEpoch, 0);
});

test('only a change of keys takes the epoch back', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const memory = Memory.open(file);
  memory.update({ latestEpoch: 9 });
  memory.forgetLatestEpoch();
  assert.equal(Memory.open(file).state.latestEpoch, 0);
});
