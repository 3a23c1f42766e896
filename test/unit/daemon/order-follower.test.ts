import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RippleError } from '../../../service/api/errors.ts';
import { NO_PROGRESS, type UpdaterSnapshot } from '../../../service/api/model.ts';
import { Memory } from '../../../service/daemon/memory.ts';
import { OrderFollower } from '../../../service/daemon/order-follower.ts';
import type { Order } from '../../../service/image/documents.ts';
import { silentLogger } from '../../helpers/blobs.ts';
import { tempFolder } from '../../helpers/temp.ts';

const ORDER: Order = {
  image: 'xo',
  version: 7,
  epoch: 5,
  when: 'now',
  deadline: '2100-01-01T00:00:00Z',
  canaries: 0,
  haltAfter: 2,
  allowDowngrade: false,
  classes: ['*'],
};

const AVAILABLE: UpdaterSnapshot = {
  ...{ state: 'available', image: 'xo', daemonVersion: '', order: null, progress: NO_PROGRESS, restartRequired: false },
  ...{ bootedVersion: 6, currentVersion: 6, previousVersion: 0, stagedVersion: 0, versions: [], peers: [] },
  ...{ deferredUntil: 0, lastError: { code: '', message: '' } },
};

/** How often a laptop tries to fetch in `hours` in which every try fails with this code. */
async function triesIn(t: TestContext, code: 'LowBattery' | 'NoSource', hours: number): Promise<number> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let nowMs = 1e9;
  let tries = 0;
  const notNow = async (): Promise<void> => {
    tries += 1;
    throw new RippleError(code, 'not now');
  };
  const follower = new OrderFollower({
    keeper: { onChange: () => {}, standing: () => ({ order: ORDER, heardMs: 0 }), epoch: 5 },
    updater: {
      snapshot: () => AVAILABLE,
      onChange: () => {},
      tellOrder: () => {},
      fetchByOrder: notNow,
      accept: notNow,
      restart: notNow,
    },
    image: 'xo',
    classes: [],
    switcher: { facts: () => ({ booted: 6, current: 6, previous: 0, staged: 0, local: [6] }) },
    memory: Memory.open(join(tempFolder(t), 'state.json')),
    neighbours: () => [],
    learnRelease: async () => {},
    clock: { monotonicMs: () => nowMs, wallMs: () => Date.parse('2030-01-01') },
    logger: silentLogger,
  });
  follower.start();
  for (let passed = 0; passed < hours * 3600_000; passed += 15_000) {
    nowMs += 15_000;
    t.mock.timers.tick(15_000);
    // What was begun ends before the next look.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    t.mock.timers.tick(200);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
  follower.stop();
  t.mock.timers.reset();
  return tries;
}

test('what fails is tried again later each time; an empty battery is looked at every two minutes', async (t) => {
  assert.ok((await triesIn(t, 'NoSource', 6)) < 20);
  const tries = await triesIn(t, 'LowBattery', 6);
  assert.ok(tries > 150 && tries <= 200, `${tries} tries in six hours`);
});
