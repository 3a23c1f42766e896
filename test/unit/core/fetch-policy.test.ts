import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchWaits, isWithin, parseQuietHours } from '../../../service/core/fetch-policy.ts';
import { inTurn, lotOf, mayAsk, requestsAtOnce } from '../../../service/core/source-choice.ts';

type Now = Parameters<typeof fetchWaits>[0];
const FINE: Now = {
  occasion: 'automatic',
  severity: 'normal',
  power: { chargePercent: 80, onMains: false },
  floorPercent: 20,
  isQuiet: false,
  isMetered: false,
  isNear: false,
};
const waits = (change: Partial<Now>) => fetchWaits({ ...FINE, ...change });

test('below the floor everybody waits, on mains nobody', () => {
  const low = { chargePercent: 19, onMains: false };
  for (const occasion of ['person', 'order', 'automatic'] as const) {
    assert.equal(waits({ occasion, power: low, severity: 'critical' }), 'battery');
    assert.equal(waits({ occasion, power: { ...low, onMains: true } }), undefined);
    assert.equal(waits({ occasion, power: { ...low, chargePercent: 20 } }), undefined);
  }
  assert.equal(waits({ power: { chargePercent: undefined, onMains: false } }), undefined, 'no battery');
});

test('in quiet hours only what comes by itself waits, and not what is critical', () => {
  assert.equal(waits({ isQuiet: true }), 'quiet-hours');
  assert.equal(waits({ isQuiet: true, severity: 'critical' }), undefined);
  assert.equal(waits({ isQuiet: true, occasion: 'person' }), undefined);
  assert.equal(waits({ isQuiet: true, occasion: 'order' }), undefined);
});

test('where the way to the site costs money it is for a person only; neighbours and school cost nothing', () => {
  const metered = { isMetered: true };
  assert.equal(waits(metered), 'metered');
  assert.equal(waits({ ...metered, severity: 'critical', occasion: 'order' }), 'metered');
  assert.equal(waits({ ...metered, isNear: true }), undefined);
  assert.equal(waits({ ...metered, occasion: 'person' }), undefined);
  const may = (occasion: 'person' | 'order' | 'automatic', isMetered: boolean) =>
    (['peer', 'school', 'origin', 'folder', 'rsync'] as const).filter((kind) => mayAsk(kind, { isMetered, occasion }));
  assert.deepEqual(may('automatic', true), ['peer', 'school', 'folder']);
  assert.deepEqual(may('order', true), ['peer', 'school', 'folder']);
  assert.deepEqual(may('person', true), ['peer', 'school', 'origin', 'folder', 'rsync']);
  assert.deepEqual(may('automatic', false), ['peer', 'school', 'origin', 'folder', 'rsync']);
});

test('hours may go over midnight; what is not like hours is none', () => {
  const night = parseQuietHours('22:00-06:30');
  assert.ok(night);
  const at = (hour: number, minute: number) => isWithin(night, hour * 60 + minute);
  assert.deepEqual(
    [at(21, 59), at(22, 0), at(0, 0), at(6, 29), at(6, 30), at(12, 0)],
    [false, true, true, true, false, false],
  );
  const noon = parseQuietHours('12:00-13:00');
  assert.ok(noon && isWithin(noon, 720) && !isWithin(noon, 780));
  for (const wrong of ['', '22-6', '24:00-06:00', '22:60-06:00', '22:00 - 06:00', '22:00-06:00 ']) {
    assert.equal(parseQuietHours(wrong), undefined, wrong);
  }
});

test('who gave before comes first, in turns; nobody is left out', () => {
  const all = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));
  const isProven = (id: string): boolean => id === 'b' || id === 'd';
  const order = (lot: number): string =>
    inTurn(all, isProven, lot)
      .map(({ id }) => id)
      .join('');
  assert.deepEqual([order(0), order(0.5), order(0.99)], ['bdace', 'dbcea', 'dbeac']);
  assert.deepEqual(inTurn([], isProven, 0.5), []);
  assert.ok(lotOf(true, 0.999) < lotOf(false, 0));
});

test('under a low cap few requests are out, so that none of them starves', () => {
  const rates = [0, 1, 16_384, 65_536, 300_000, 1e9];
  assert.deepEqual(
    rates.map((rate) => requestsAtOnce(rate, 16)),
    [16, 1, 1, 2, 9, 16],
  );
});
