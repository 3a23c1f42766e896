import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from '../../../service/daemon/parts.ts';
import { standing } from '../../../service/daemon/standing.ts';

const ON_SIX: Facts = { booted: 6, current: 6, previous: 5, staged: 0, local: [5, 6] };
const WITH_SEVEN: Facts = { ...ON_SIX, staged: 7, local: [5, 6, 7] };
const NOTHING = { shunned: [], failed: [] };
const LEFT = { shunned: [7], failed: [] };
const FAILED = { shunned: [7], failed: [7] };

test('what is newer and not chosen is offered: ready when it is here, else as known', () => {
  assert.equal(standing(WITH_SEVEN, [7], NOTHING, false), 'checked-ready');
  assert.equal(standing(ON_SIX, [7], NOTHING, false), 'checked-newer');
  assert.equal(standing(ON_SIX, [6], NOTHING, true), 'checked-nothing');
  assert.equal(standing({ ...WITH_SEVEN, current: 7, staged: 0 }, [7], NOTHING, true), 'checked-nothing');
});

test('what a person went back from is offered to whoever looks; what did not work here to nobody', () => {
  assert.equal(standing(WITH_SEVEN, [7], LEFT, false), 'checked-nothing');
  assert.equal(standing(WITH_SEVEN, [7], LEFT, true), 'checked-ready');
  assert.equal(standing(WITH_SEVEN, [7], FAILED, false), 'checked-nothing');
  assert.equal(standing(WITH_SEVEN, [7], FAILED, true), 'checked-nothing');
  assert.equal(standing(WITH_SEVEN, [7, 8], FAILED, false), 'checked-newer');
});
