/** A teacher's order in a little class of real daemons, heard by real mDNS on loopback; there is no server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { LaptopInfo, OrderInfo } from '../../service/api/model.ts';
import type { ConfigValue } from '../../service/demo/virtual-laptop.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { type Published, publishTrees, TestLaptop, type ToldStatus } from '../helpers/published.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { until } from '../helpers/until.ts';

let folder = '';
let trees: { readonly older: string; readonly newer: string };
let classes = 0;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-orders-'));
  trees = makeSeededTrees(folder, 4, SMALL_SIZE);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Told extends ToldStatus {
  readonly order: OrderInfo | null;
}
type Config = Readonly<Record<string, ConfigValue>>;

/** A class of its own on loopback, whose teacher's laptop runs version 7. */
async function school(t: TestContext) {
  const image = `orders-${process.pid}-${classes++}`;
  const own = join(folder, image);
  const versions = [
    [6, trees.older],
    [7, trees.newer],
  ] as const;
  const published: Published = await publishTrees(own, versions, image);
  const laptop = async (name: string, config: Config): Promise<TestLaptop> => {
    const one = await TestLaptop.make(t, {
      folder: join(own, name),
      published,
      config: {
        'discovery.kind': 'bonjour',
        'discovery.interfaces': ['127.0.0.1'],
        'owner.name': name,
        'boot.tries': 1,
        'boot.restart': ['touch', join(own, name, 'restarted')],
        ...config,
      },
    });
    if (config.role === 'teacher') await one.install(published, 7);
    await one.virtual.start();
    return one;
  };
  const teacher = await laptop('teacher', { role: 'teacher' });
  const order = (...args: readonly string[]): Promise<string> => teacher.ok('order', ...args, '--key', published.key);
  return { published, laptop, teacher, order };
}

async function told(laptop: TestLaptop): Promise<Told> {
  return JSON.parse(await laptop.ok('status', '--json'));
}
const waits = async (laptop: TestLaptop): Promise<string | undefined> => (await told(laptop)).order?.waits;
const isChosen = async (laptop: TestLaptop): Promise<boolean> => (await told(laptop)).currentVersion === 7;
const idOf = (laptop: TestLaptop): string =>
  JSON.parse(readFileSync(join(laptop.virtual.sysroot, 'ripple/state.json'), 'utf8')).id;

/** The new version starts, and never gets so far that it shows that it works; then the laptop is started again. */
async function failsToStart(laptop: TestLaptop): Promise<void> {
  const { virtual } = laptop;
  await virtual.stop();
  const args = ['--sysroot', virtual.sysroot, '--run', join(virtual.folder, 'run')];
  assert.equal(spawnSync('sh', [join(PROJECT_ROOT, 'assets/boot/ripple-boot'), ...args]).status, 0);
  await virtual.start();
  assert.equal((await told(laptop)).bootedVersion, 6);
}

test('an order brings the class over, from laptop to laptop, and is taken back', async (t) => {
  const { published, laptop, teacher, order } = await school(t);
  const [ana, kofi] = [await laptop('Ana', { classes: ['4b'] }), await laptop('Kofi', { classes: ['5a'] })];
  await order('7', '--class', '4b');
  await until(() => isChosen(ana));
  const { order: standing, restartRequired, bootedVersion } = await told(ana);
  assert.deepEqual([standing?.version, standing?.waits, restartRequired, bootedVersion], [7, '', true, 6]);
  await until(async () => (await waits(kofi)) === 'class');
  assert.equal((await told(kofi)).currentVersion, 6, 'the order is for another class');

  const seen = async (): Promise<readonly LaptopInfo[]> => JSON.parse(await teacher.ok('class', '--json'));
  await until(
    async () =>
      (await seen())
        .map(({ name, state }) => `${name} ${state}`)
        .sort()
        .join() === 'Ana idle,Kofi available',
  );

  await order('--stop');
  await until(async () => (await waits(kofi)) === 'class' && (await told(kofi)).order?.epoch === 2);
  const replayed = await teacher.run('order', '7', '--epoch', '1', '--key', published.key);
  assert.match(replayed.stderr, /epoch 1 is older than 2/);
});

test('canaries go first, and two that went back halt it for everybody', async (t) => {
  const { laptop, order } = await school(t);
  const names = ['Ana', 'Kofi', 'Mei', 'Raj'];
  const pupils = await Promise.all(names.map((name) => laptop(name, {})));
  // Everybody has heard everybody, so that all see the same first two.
  await until(async () => (await Promise.all(pupils.map(told))).every(({ peers }) => peers.length === names.length));
  await order('7', '--canaries', '2', '--halt-after', '2');
  await until(async () => (await Promise.all(pupils.map(isChosen))).filter(Boolean).length === 2);
  await until(async () => (await Promise.all(pupils.map(waits))).filter((one) => one === 'canaries').length === 2);
  const rank = (one: TestLaptop): string =>
    createHash('sha256')
      .update(`1:${idOf(one)}`)
      .digest('hex');
  const ranked = [...pupils].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const canaries = ranked.slice(0, 2);
  for (const one of canaries) assert.ok(await isChosen(one), 'the first two by their hash');
  const rest = ranked.slice(2);
  for (const one of canaries) await failsToStart(one);
  await until(async () => (await Promise.all(pupils.map(waits))).every((one) => one === 'halted'));
  // The third took the place of the first that failed; the last never had its turn.
  const last = rest.at(-1);
  assert.ok(last);
  assert.equal(
    (await told(last)).versions.some(({ local }) => local),
    false,
  );
  // It stays so when those that went back are gone.
  for (const one of canaries) await one.virtual.stop();
  await last.virtual.restart();
  await until(async () => (await waits(last)) === 'halted');
});
