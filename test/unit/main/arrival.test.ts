import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalOf, NOTHING_SEEN, remember, saw } from '../../../main/arrival.ts';

const NO_ERROR = { code: '', message: '' } as const;
const on = (bootedVersion: number, previousVersion: number, currentVersion = bootedVersion) => ({
  bootedVersion,
  currentVersion,
  previousVersion,
  lastError: NO_ERROR,
});

test('the first version that is ever seen is no news', () => {
  const seen = remember(NOTHING_SEEN, on(6, 5));
  assert.equal(seen.seenVersion, 6);
  assert.equal(arrivalOf(seen, on(6, 5)), 'none');
});

test('a higher version that runs, with one to go back to, is news until it is answered', () => {
  const seen = remember(remember(NOTHING_SEEN, on(6, 0)), on(7, 6));
  assert.equal(arrivalOf(seen, on(7, 6)), 'new');
  assert.equal(arrivalOf(saw(on(7, 6)), on(7, 6)), 'none');
});

test('it is not news while another one is chosen or when there is no way back', () => {
  const seen = remember(NOTHING_SEEN, on(6, 0));
  assert.equal(arrivalOf(seen, on(7, 6, 6)), 'none');
  assert.equal(arrivalOf(seen, on(7, 0)), 'none');
});

test('a lower version than was seen is a way back, and later the higher one is news again', () => {
  const seen = saw(on(7, 6));
  assert.equal(arrivalOf(seen, on(6, 7)), 'back');
  assert.equal(arrivalOf(saw(on(6, 7)), on(7, 6)), 'new');
});

test('a fall-back that the daemon told of is remembered after the daemon forgot it', () => {
  const fell = { ...on(6, 0), lastError: { code: 'RolledBack', message: '' } } as const;
  const seen = remember(saw(on(6, 0)), fell);
  assert.equal(arrivalOf(remember(seen, on(6, 0)), on(6, 0)), 'back');
  assert.equal(arrivalOf(saw(on(6, 0)), on(6, 0)), 'none');
});
