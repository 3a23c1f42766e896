import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Memory } from '../../../service/daemon/memory.ts';

const NO_FLOOR = { trustedTimeSeconds: 0, latestEpoch: 0 };

test('what was remembered is there after a restart, and the id stays', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ripple', 'state.json');
  const first = Memory.open(file, NO_FLOOR);
  first.update({ goal: 7, shunned: [5], rollback: { from: 8, to: 7, reason: 'tries-used-up' } });
  const second = Memory.open(file, NO_FLOOR);
  assert.deepEqual(second.state, first.state);
  assert.match(second.state.id, /^[0-9a-f]{16}$/);
});

test('epoch and trusted time never fall: not by an update, not by a lost file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const memory = Memory.open(file, NO_FLOOR);
  memory.update({ latestEpoch: 9, trustedTimeSeconds: 1000 });
  memory.update({ latestEpoch: 3, trustedTimeSeconds: 10 });
  assert.equal(memory.state.latestEpoch, 9);
  assert.equal(memory.state.trustedTimeSeconds, 1000);
  writeFileSync(file, readFileSync(file).subarray(0, 20));
  const again = Memory.open(file, { latestEpoch: 8, trustedTimeSeconds: 900 });
  assert.equal(again.state.latestEpoch, 8);
  assert.equal(again.state.trustedTimeSeconds, 900);
});
