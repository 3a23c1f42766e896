/** When a laptop looks, by timers that the test winds. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NO_PROGRESS } from '../../../service/api/model.ts';
import { Scheduler } from '../../../service/daemon/scheduler.ts';
import { silentLogger } from '../../helpers/blobs.ts';

/** A look for a normal release comes by chance within ten minutes (`core/wake-rules.ts`). */
const WITHIN_MS = 600_000;

function scheduled(t: TestContext): { readonly scheduler: Scheduler; looks(): number } {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let looks = 0;
  const scheduler = new Scheduler({
    minutes: 0,
    automatic: false,
    updater: {
      onSignal: () => undefined,
      snapshot: () => ({ state: 'idle', bootedVersion: 6, versions: [], progress: NO_PROGRESS }),
      checkQuietly: () => {
        looks += 1;
        return true;
      },
      fetchQuietly: async () => undefined,
      pauseQuietly: async () => undefined,
    },
    sources: { newestAnnounced: () => 0, forVersion: () => [] },
    clock: { monotonicMs: () => 0 },
    logger: silentLogger,
  });
  t.after(() => scheduler.stop());
  return { scheduler, looks: () => looks };
}

test('a packet for what is still lacking causes one look', (t) => {
  const { scheduler, looks } = scheduled(t);
  scheduler.woken('normal', () => true);
  scheduler.woken('normal', () => true);
  t.mock.timers.tick(WITHIN_MS);
  assert.equal(looks(), 1);
});

test('what came another way until then causes none', (t) => {
  const { scheduler, looks } = scheduled(t);
  let isHere = false;
  scheduler.woken('normal', () => !isHere);
  isHere = true;
  t.mock.timers.tick(WITHIN_MS);
  assert.equal(looks(), 0);
});
