import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { UPDATER_STATES } from '../../../service/api/states.ts';
import {
  judgeOrder,
  LEAST_NOTICE_MS,
  type OrderMoment,
  type OrderNeighbour,
  type OrderSelf,
  type OrderTerms,
} from '../../../service/core/order-rules.ts';

const NOON = Date.parse('2026-03-06T12:00:00Z') / 1000;
const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;
const SIGNED = NOON - HOUR;

const ORDER: OrderTerms = {
  version: 7,
  epoch: 3,
  when: 'now',
  deadline: '2026-03-06T15:00:00Z',
  canaries: 0,
  haltAfter: 2,
  allowDowngrade: false,
  classes: ['*'],
};
const SELF: OrderSelf = {
  id: 'me',
  classes: ['4b'],
  booted: 6,
  current: 6,
  local: [6],
  shunned: [],
  deferredUntil: 0,
  state: 'available',
  halted: false,
};
const MOMENT: OrderMoment = { wallSeconds: NOON, trustedSeconds: SIGNED, heardForMs: LEAST_NOTICE_MS };

interface Case {
  readonly order?: Partial<OrderTerms>;
  readonly self?: Partial<OrderSelf>;
  readonly moment?: Partial<OrderMoment>;
  readonly others?: readonly OrderNeighbour[];
}
function verdict({ order, self, moment, others = [] }: Case): string {
  const { waits, act } = judgeOrder({ ...ORDER, ...order }, { ...SELF, ...self }, others, { ...MOMENT, ...moment });
  return `${waits} ${act}`.trim();
}
const other = (id: string, change: Partial<OrderNeighbour> = {}): OrderNeighbour => ({
  id,
  alive: true,
  version: 6,
  wentBackFrom: 0,
  follows: true,
  ...change,
});
const AFTER: Partial<OrderMoment> = { wallSeconds: NOON + 4 * HOUR };
const HERE: Partial<OrderSelf> = { local: [6, 7], state: 'ready' };
const CHOSEN: Partial<OrderSelf> = { local: [6, 7], current: 7, state: 'idle' };

test('it is fetched, chosen for the next start, and the laptop is not restarted before the deadline', () => {
  assert.equal(verdict({}), 'fetch');
  assert.equal(verdict({ self: HERE }), 'choose');
  assert.equal(verdict({ self: CHOSEN }), 'nothing');
  assert.equal(verdict({ self: CHOSEN, moment: AFTER }), 'restart');
  assert.equal(verdict({ self: { booted: 7, current: 7, local: [6, 7] }, moment: AFTER }), 'done nothing');
});

test('whom it concerns', () => {
  assert.equal(verdict({ order: { classes: ['4a', '4b'] } }), 'fetch');
  assert.equal(verdict({ order: { classes: ['4a'] } }), 'class nothing');
  assert.equal(verdict({ order: { classes: [] } }), 'class nothing');
  assert.equal(verdict({ self: { classes: [] } }), 'fetch');
  assert.equal(verdict({ order: { classes: ['4a'] }, self: CHOSEN, moment: AFTER }), 'class nothing');
});

test('back only when it says so', () => {
  const above = { booted: 8, current: 8, local: [8] };
  assert.equal(verdict({ self: above }), 'done nothing');
  assert.equal(verdict({ self: above, order: { allowDowngrade: true } }), 'fetch');
});

test('nothing is begun while something else is under way', () => {
  for (const state of UPDATER_STATES) {
    const settled = ['idle', 'available', 'ready', 'failed'].includes(state);
    assert.equal(verdict({ self: { state } }), settled ? 'fetch' : 'nothing', state);
    assert.equal(verdict({ self: { ...CHOSEN, state }, moment: AFTER }), settled ? 'restart' : 'nothing', state);
  }
});

test('with a time it is chosen from then on, but fetched before', () => {
  const order = { when: '2026-03-06T13:00:00Z' };
  assert.equal(verdict({ order }), 'fetch');
  assert.equal(verdict({ order, self: HERE }), 'nothing');
  assert.equal(verdict({ order, self: HERE, moment: { wallSeconds: NOON + HOUR } }), 'choose');
  assert.equal(verdict({ order: { when: 'next-boot' }, self: HERE }), 'choose');
  const late = { when: '2027-01-01T00:00:00Z' };
  assert.equal(verdict({ order: late, self: HERE, moment: AFTER }), 'choose', 'the deadline comes first');
});

test("a child's later holds until the deadline and not past it", () => {
  for (const deferredUntil of [-1, NOON + 10 * HOUR]) {
    const self = { ...HERE, deferredUntil };
    assert.equal(verdict({ self }), 'nothing');
    assert.equal(verdict({ self: { deferredUntil } }), 'fetch', 'bytes may come meanwhile');
    assert.equal(verdict({ self, moment: AFTER }), 'choose');
    assert.equal(verdict({ self: { ...CHOSEN, deferredUntil }, moment: AFTER }), 'restart');
  }
  assert.equal(verdict({ self: { ...HERE, deferredUntil: NOON - 1 } }), 'choose');
});

test('a dead clock waits, and one years ahead gives ten minutes', () => {
  const dead = { wallSeconds: 60, trustedSeconds: SIGNED };
  assert.equal(verdict({ self: HERE, moment: dead }), 'choose', 'what needs no clock is done');
  assert.equal(verdict({ self: CHOSEN, moment: dead }), 'nothing');
  assert.equal(verdict({ self: HERE, moment: dead, order: { when: '1970-01-01T00:00:30Z' } }), 'nothing');
  const deadline = '1970-01-01T00:00:30Z';
  assert.equal(verdict({ self: CHOSEN, moment: dead, order: { deadline } }), 'nothing', 'before it was signed');
  const ahead = { wallSeconds: NOON + 40 * YEAR, heardForMs: LEAST_NOTICE_MS - 1 };
  assert.equal(verdict({ self: CHOSEN, moment: ahead }), 'nothing');
  assert.equal(verdict({ self: { ...HERE, deferredUntil: -1 }, moment: ahead }), 'nothing');
  assert.equal(verdict({ self: CHOSEN, moment: { ...ahead, heardForMs: LEAST_NOTICE_MS } }), 'restart');
});

test('it stops when so many went back from it, also after they left', () => {
  const back = other('a', { wentBackFrom: 7 });
  const gone = other('b', { wentBackFrom: 7, alive: false });
  assert.equal(verdict({ others: [back, other('c', { wentBackFrom: 5 })] }), 'fetch');
  assert.equal(verdict({ others: [back, gone] }), 'halted nothing');
  assert.equal(verdict({ others: [back, gone], self: CHOSEN, moment: AFTER }), 'halted nothing');
  assert.equal(verdict({ others: [back, gone], order: { haltAfter: 0 } }), 'fetch');
  assert.equal(verdict({ self: { halted: true } }), 'halted nothing');
});

test('whoever went back from the version itself does not try again', () => {
  for (const haltAfter of [0, 2])
    assert.equal(verdict({ self: { shunned: [7] }, order: { haltAfter } }), 'halted nothing');
  assert.equal(verdict({ self: { shunned: [5] } }), 'fetch');
});

test('canaries go first: the same ones whoever asks, others for another order, the rest when those run it', () => {
  const ids = Array.from({ length: 30 }, (_, i) => `laptop-${i}`);
  const first = (epoch: number, world: (id: string) => Partial<OrderNeighbour> = () => ({})): readonly string[] =>
    ids.filter((id) => {
      const others = ids.filter((one) => one !== id).map((one) => other(one, world(one)));
      return verdict({ order: { epoch, canaries: 3 }, self: { id }, others }) === 'fetch';
    });
  const chosen = first(3);
  const rank = (id: string): string => createHash('sha256').update(`3:${id}`).digest('hex');
  assert.deepEqual(
    [...chosen].sort(),
    [...ids]
      .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      .slice(0, 3)
      .sort(),
  );
  assert.notDeepEqual(first(4), chosen);
  const [one = '', two = ''] = chosen;
  const done = (count: number) => (id: string) => (chosen.slice(0, count).includes(id) ? { version: 7 } : {});
  const waiting = ids.find((id) => !chosen.includes(id)) ?? '';
  const others = (world: (id: string) => Partial<OrderNeighbour>) =>
    ids.filter((id) => id !== waiting).map((id) => other(id, world(id)));
  const ask = (world: (id: string) => Partial<OrderNeighbour>): string =>
    verdict({ order: { canaries: 3 }, self: { id: waiting }, others: others(world) });
  assert.equal(ask(done(2)), 'canaries nothing');
  assert.equal(ask(done(3)), 'fetch');
  // Those that are away, do not follow, or went back leave their place: somebody else is among the first three.
  for (const change of [{ alive: false }, { follows: false }, { wentBackFrom: 7 }]) {
    const now = first(3, (id) => (id === one ? change : {}));
    assert.ok(now.includes(two) && now.length === 4, 'the one itself does not know, and one more goes');
  }
  assert.equal(first(3, (id) => (id === one ? { version: 7 } : {})).length, 3, 'one is done, two more to go');
});
