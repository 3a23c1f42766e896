import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelOf, Speaker, stepOf } from '../../../renderer/state/progress.ts';
import { TapGuard } from '../../../renderer/state/tap-guard.ts';
import { NO_PROGRESS } from '../../../service/api/model.ts';

test('a tap within half a second of the one before does not count', () => {
  const guard = new TapGuard();
  assert.deepEqual(
    [0, 200, 499, 500, 1200].map((ms) => guard.allow(ms)),
    [true, false, false, true, true],
  );
});

test('a tap that was meant for the screen before does not count', () => {
  const guard = new TapGuard();
  guard.screenChanged(1000);
  assert.equal(guard.allow(1400), false);
  assert.equal(guard.allow(1500), true);
});

test('the level is between nothing and full whatever the numbers are', () => {
  const of = (doneBytes: number, totalBytes: number) => levelOf({ ...NO_PROGRESS, doneBytes, totalBytes });
  assert.deepEqual([of(0, 0), of(5, 0), of(-1, 10), of(5, 10), of(20, 10)], [0, 0, 0, 0.5, 1]);
});

test('progress is said in five words', () => {
  assert.deepEqual([0, 0.24, 0.25, 0.5, 0.84, 0.85, 1].map(stepOf), [
    'started',
    'started',
    'quarter',
    'half',
    'half',
    'nearly',
    'nearly',
  ]);
});

test('no step is said twice, and never two within fifteen seconds', () => {
  const speaker = new Speaker();
  speaker.screen(0);
  assert.equal(speaker.progress(0.01, 5000), undefined);
  assert.equal(speaker.progress(0.01, 15_000), 'started');
  assert.equal(speaker.progress(0.3, 20_000), undefined);
  assert.equal(speaker.progress(0.6, 30_000), 'half');
  assert.equal(speaker.progress(0.6, 60_000), undefined);
  assert.equal(speaker.progress(0.9, 60_001), 'nearly');
});
