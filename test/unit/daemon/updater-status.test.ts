import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import type { UpdaterSignal } from '../../../service/core/updater.ts';
import { OneJob } from '../../../service/daemon/one-job.ts';
import { UpdaterStatus } from '../../../service/daemon/updater-status.ts';

const quiet = { info: (): void => {}, warn: (): void => {} };

test('trouble while nothing is under way is told, and changes no state', () => {
  const status = new UpdaterStatus(quiet);
  const signals: UpdaterSignal[] = [];
  status.onSignal((signal) => signals.push(signal));
  status.trouble(7, new RippleError('IoError', 'the disk is gone'));
  assert.equal(status.state, 'idle');
  assert.deepEqual(status.lastError, { code: 'IoError', message: 'the disk is gone' });
  assert.deepEqual(signals, [
    { name: 'UpdateFailed', version: 7, error: { code: 'IoError', message: 'the disk is gone' } },
  ]);
});

test('the same versions found again are no news, a newer one is', () => {
  const status = new UpdaterStatus(quiet);
  const news: number[] = [];
  status.onSignal((signal) => {
    if (signal.name === 'UpdateAvailable') news.push(signal.info.version);
  });
  const info = (version: number) =>
    ({
      version,
      severity: 'normal',
      notes: {},
      released: '',
      downloadSizeBytes: 0,
      sources: [],
      local: false,
    }) as const;
  status.found([info(7)]);
  status.found([info(7)]);
  status.found([info(7), info(8)]);
  assert.deepEqual(news, [7, 8]);
});

test('a job that is aborted has ended when abort resolves, and the next may begin', async () => {
  let ended = 0;
  const jobs = new OneJob(() => {
    ended += 1;
  });
  let finished = false;
  jobs.begin('fetch', 7, async (signal) => {
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    finished = true;
  });
  assert.deepEqual([jobs.running?.kind, jobs.running?.version], ['fetch', 7]);
  await jobs.abort();
  assert.equal(finished, true);
  assert.equal(jobs.running, undefined);
  assert.equal(ended, 1);
});
