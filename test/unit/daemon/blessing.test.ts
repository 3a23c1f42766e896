import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { blessWhenWell } from '../../../service/daemon/blessing.ts';
import { silentLogger } from '../../helpers/blobs.ts';
import { tempFolder } from '../../helpers/temp.ts';

function onTrial(trial: boolean): {
  blessed: Promise<void>;
  count(): number;
  onTrial(): boolean;
  blessRunning(): Promise<void>;
} {
  let count = 0;
  let tell: () => void = () => undefined;
  const blessed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    blessed,
    count: () => count,
    onTrial: () => trial,
    blessRunning: async () => {
      count++;
      tell();
    },
  };
}

function fileOf(t: TestContext): string {
  return join(tempFolder(t), 'healthy');
}

test('without a file to wait for, a daemon that is up is enough', async () => {
  const switcher = onTrial(true);
  await blessWhenWell(switcher, undefined, silentLogger);
  assert.equal(switcher.count(), 1);
});

test('who is not on trial waits for nothing', async (t) => {
  const switcher = onTrial(false);
  await blessWhenWell(switcher, fileOf(t), silentLogger);
  assert.equal(switcher.count(), 1);
});

test('on trial: not before the file is there, and then once', async (t) => {
  const [switcher, file] = [onTrial(true), fileOf(t)];
  const stop = await blessWhenWell(switcher, file, silentLogger);
  t.after(stop);
  assert.equal(switcher.count(), 0);
  writeFileSync(file, '');
  // Its timer keeps no process alive, so the test has to.
  const alive = setInterval(() => undefined, 1000);
  await switcher.blessed;
  clearInterval(alive);
  assert.equal(switcher.count(), 1);
});

test('a daemon that comes back finds the file', async (t) => {
  const [switcher, file] = [onTrial(true), fileOf(t)];
  writeFileSync(file, '');
  await blessWhenWell(switcher, file, silentLogger);
  assert.equal(switcher.count(), 1);
});
