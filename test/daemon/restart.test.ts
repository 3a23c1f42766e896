/** What a laptop knows outlives its daemon, whichever way that ends: each time it is killed and comes back. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { ConfigValue } from '../../service/demo/virtual-laptop.ts';
import { serve } from '../helpers/blobs.ts';
import { type Published, publishTrees, TestLaptop, type ToldStatus } from '../helpers/published.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

let folder = '';
let published: Published;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-restart-'));
  const trees = makeSeededTrees(folder, 2, SMALL_SIZE);
  published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function laptopNear(t: TestContext, config: Readonly<Record<string, ConfigValue>> = {}): Promise<TestLaptop> {
  const server = await serve(t, published.repository);
  const options = { folder: join(tempFolder(t, 'laptop'), 'one'), published };
  const laptop = await TestLaptop.make(t, { ...options, config: { origins: [server.url], ...config } });
  await laptop.virtual.start();
  return laptop;
}

/** The daemon dies; the laptop runs on. */
async function daemonDies(laptop: TestLaptop): Promise<ToldStatus> {
  await laptop.virtual.stop('SIGKILL');
  await laptop.virtual.start({ daemonOnly: true });
  return laptop.status();
}
/** The power goes; the laptop starts again. */
async function powerGoes(laptop: TestLaptop): Promise<ToldStatus> {
  await laptop.virtual.stop('SIGKILL');
  await laptop.virtual.start();
  return laptop.status();
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

test('a staged version is still ready', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.ok('get', '7');
  const told = await daemonDies(laptop);
  assert.deepEqual([told.state, told.stagedVersion, told.bootedVersion], ['ready', 7, 6]);
});

test('what was put off stays so: until a time in any case, until the next start only until then', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.ok('get', '7');
  const time = inSeconds(3600);
  await laptop.ok('later', '7', '--until', `${time}`);
  assert.equal((await daemonDies(laptop)).deferredUntil, time);
  assert.equal((await powerGoes(laptop)).deferredUntil, time);
  await laptop.ok('later', '7', '--until', 'start');
  assert.equal((await daemonDies(laptop)).deferredUntil, -1);
  assert.equal((await powerGoes(laptop)).deferredUntil, 0);
});

test('a version that was chosen waits for its restart', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.ok('get', '7');
  await laptop.ok('accept', '7');
  const told = await daemonDies(laptop);
  assert.deepEqual([told.currentVersion, told.bootedVersion, told.restartRequired], [7, 6, true]);
  assert.equal((await powerGoes(laptop)).bootedVersion, 7);
});

test('asked for while nobody was near, it is got when somebody is', async (t) => {
  const laptop = await laptopNear(t, { origins: [] });
  await laptop.ok('get', '7', '--no-wait');
  await laptop.virtual.stop('SIGKILL');
  const server = await serve(t, published.repository);
  await laptop.hardware({ config: { origins: [server.url] } }).start();
  await until(async () => (await laptop.status()).stagedVersion === 7);
  laptop.assertTree(published, 7);
});

test('an appointment is kept when the daemon comes back before it', async (t) => {
  const marker = join(tempFolder(t), 'restarted');
  const laptop = await laptopNear(t, { 'boot.restart': ['touch', marker] });
  await laptop.ok('get', '7');
  await laptop.ok('accept', '7', '--when', `${inSeconds(3600)}`);
  await daemonDies(laptop);
  // An hour later, told by the file that remembers it.
  await laptop.virtual.stop('SIGKILL');
  const at = inSeconds(5);
  remember(laptop, { appointment: { version: 7, at } });
  await laptop.virtual.start({ daemonOnly: true });
  const { currentVersion } = await laptop.status();
  // On a busy machine the time may have come by now.
  assert.ok(currentVersion === 6 || inSeconds(0) >= at, 'not before its time');
  await until(async () => (await laptop.status()).restartRequired, 120);
  await until(() => readFileSync(marker, 'utf8') === '', 20);
});

test('a laptop that was off at the time does not restart again when it starts: the version waits', async (t) => {
  const marker = join(tempFolder(t), 'restarted');
  const laptop = await laptopNear(t, { 'boot.restart': ['touch', marker] });
  await laptop.ok('get', '7');
  await laptop.virtual.stop('SIGKILL');
  remember(laptop, { appointment: { version: 7, at: inSeconds(-60) } });
  await laptop.virtual.start();
  const told = await laptop.status();
  assert.deepEqual([told.currentVersion, told.restartRequired, told.state], [7, true, 'idle']);
  assert.throws(() => readFileSync(marker), { code: 'ENOENT' });
});

test('an appointment with a version that went meanwhile is trouble, and no end of the daemon', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.virtual.stop('SIGKILL');
  remember(laptop, { appointment: { version: 9, at: inSeconds(5) } });
  await laptop.virtual.start({ daemonOnly: true });
  await until(async () => (await laptop.status()).lastError.code === 'UnknownVersion', 120);
  assert.equal((await laptop.status()).state, 'idle');
});

test('a version that did not start is told of until somebody saw it, and is not got again by itself', async (t) => {
  const laptop = await laptopNear(t, { 'fetch.automatic': true, 'boot.tries': 1 });
  await laptop.ok('get', '7');
  await laptop.ok('accept', '7');
  await laptop.virtual.stop('SIGKILL');
  // The first start of version 7 comes to nothing, the second finds no try left.
  const { sysroot } = laptop.virtual;
  rmSync(join(sysroot, 'rootfs/config.2/tries+1'));
  writeFileSync(join(sysroot, 'rootfs/config.2/tries+0'), '');
  await laptop.virtual.start();
  for (const again of [() => laptop.status(), () => daemonDies(laptop), () => powerGoes(laptop)]) {
    const told = await again();
    assert.deepEqual([told.bootedVersion, told.currentVersion, told.lastError.code], [6, 6, 'RolledBack']);
    assert.equal(told.state, 'idle', 'it is not offered');
  }
  await laptop.ok('cancel');
  assert.equal((await daemonDies(laptop)).lastError.code, '');
  // A look around finds the version, which the laptop keeps from by itself; a person may ask for it.
  const seen: ToldStatus = JSON.parse(await laptop.ok('check', '--json'));
  assert.ok(seen.versions.some(({ version }) => version === 7));
  assert.equal(seen.state, 'idle', 'nor to who looks without naming it');
  assert.equal((await daemonDies(laptop)).state, 'idle');
  await laptop.ok('get', '7');
  assert.equal((await laptop.status()).state, 'ready');
});

test('a version that a person went back from is not offered after a restart', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.ok('get', '7');
  await laptop.ok('accept', '7');
  await laptop.virtual.restart();
  await laptop.ok('rollback');
  assert.equal((await daemonDies(laptop)).restartRequired, true);
  const told = await powerGoes(laptop);
  assert.deepEqual([told.bootedVersion, told.state], [6, 'idle']);
  const seen: ToldStatus = JSON.parse(await laptop.ok('check', '--json'));
  assert.equal(seen.state, 'available', 'to whoever looks it is');
});

test('a memory that was damaged starts afresh, and the laptop works', async (t) => {
  const laptop = await laptopNear(t);
  await laptop.virtual.stop('SIGKILL');
  writeFileSync(join(laptop.virtual.sysroot, 'ripple/state.json'), '{"goal": 7');
  await laptop.virtual.start();
  await laptop.ok('get', '7');
  assert.equal((await laptop.status()).state, 'ready');
});

/** Changes what the daemon wrote down; it must not run. */
function remember(laptop: TestLaptop, change: Readonly<Record<string, unknown>>): void {
  const file = join(laptop.virtual.sysroot, 'ripple/state.json');
  const state: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...state, ...change }));
}
