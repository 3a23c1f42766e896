/**
 * A term of a school with real daemons: a teacher's key is added, orders go from laptop to laptop with the server switched
 * off, what is no good order does nothing, and the key is taken back. All by the commands that people type.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { OrderInfo } from '../../service/api/model.ts';
import { type ConfigValue, VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { createDiscovery } from '../../service/discover/discovery.ts';
import { realClock, serve, silentLogger } from '../helpers/blobs.ts';
import { announcement } from '../helpers/neighbours.ts';
import { publishTrees, TestLaptop, type ToldStatus } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

const NEARBY = { 'discovery.kind': 'bonjour', 'discovery.interfaces': ['127.0.0.1'] };

interface Told extends ToldStatus {
  readonly order: OrderInfo | null;
}

async function told(laptop: TestLaptop): Promise<Told> {
  return JSON.parse(await laptop.ok('status', '--json'));
}

/** A server with versions 6 and 7, whose administrator's key signs everything; a teacher on 7 and two pupils on 6. */
async function term(t: TestContext) {
  const folder = tempFolder(t, 'story');
  const image = `story-${process.pid}`;
  const trees = makeSeededTrees(folder, 4, SMALL_SIZE);
  const versions = [
    [6, trees.older],
    [7, trees.newer],
  ] as const;
  const published = await publishTrees(folder, versions, image);
  const key = join(folder, 'teacher.key');
  await rippleOk(['keygen', '--out', key, '--name', 'Teacher']);
  await rippleOk(['keygen', '--out', join(folder, 'stranger.key'), '--name', 'Stranger']);
  const laptop = async (name: string, config: Readonly<Record<string, ConfigValue>>): Promise<TestLaptop> => {
    const own = join(folder, name);
    const one = await TestLaptop.make(t, {
      folder: own,
      published,
      config: { ...NEARBY, 'owner.name': name, 'boot.restart': ['touch', join(own, 'restarted')], ...config },
    });
    if (config.role === 'teacher') await one.install(published, 7);
    await one.virtual.start();
    return one;
  };
  const { repository, keyring } = published;
  const common = { role: 'school', image, repository, keyring, 'bus.address': 'none' };
  const school = new VirtualLaptop({ folder: join(folder, 'school'), config: { ...NEARBY, ...common } });
  t.after(() => school.stop());
  await school.start();
  const teacher = await laptop('teacher', { role: 'teacher' });
  const pupils = await Promise.all(['Ana', 'Kofi'].map((name) => laptop(name, { classes: ['4b'] })));
  const keyrings = (action: 'add' | 'remove', file: string): Promise<string> =>
    rippleOk(['keyring', action, '--repo', repository, '--role', 'order', file, '--sign', published.key]);
  const order = (...args: readonly string[]) => teacher.run('order', ...args, '--key', key);
  return { folder, image, published, key, laptop, school, teacher, pupils, keyrings, order };
}

test('orders through a term', async (t) => {
  const { folder, image, published, key, school, teacher, pupils, keyrings, order } = await term(t);
  const everywhere = async (look: (one: Told) => boolean): Promise<boolean> =>
    (await Promise.all(pupils.map(told))).every(look);

  await t.test('a key that nobody added orders nothing', async () => {
    const ran = await order('7');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /is not in the keyring/);
    assert.ok(await everywhere((one) => one.order === null));
  });

  await t.test('the administrator adds it; its order brings the class over with the server switched off', async () => {
    await keyrings('add', `${key}.pub`);
    await teacher.ok('check');
    await school.stop();
    const ran = await order('7', '--class', '4b');
    assert.equal(ran.status, 0, ran.stderr);
    // They have the new keyring from the teacher's laptop, as they have the order and the version.
    await until(() => everywhere(({ currentVersion, restartRequired }) => currentVersion === 7 && restartRequired));
    for (const one of pupils) {
      await one.virtual.restart();
      one.assertTree(published, 7);
    }
    await until(() =>
      everywhere(({ bootedVersion, order: standing }) => bootedVersion === 7 && standing?.waits === 'done'),
    );
  });

  await t.test('back to an older version only when the order says so', async () => {
    assert.equal((await order('6')).status, 0);
    await until(() => everywhere((one) => one.order?.epoch === 2));
    await until(() => everywhere((one) => one.order?.waits === 'done'));
    assert.ok(await everywhere(({ currentVersion }) => currentVersion === 7));
    assert.equal((await order('6', '--allow-downgrade')).status, 0);
    await until(() => everywhere(({ currentVersion }) => currentVersion === 6));
  });

  await t.test('a child says later: the others go on, and it goes when its later is over', async () => {
    for (const one of pupils) await one.virtual.restart();
    const [ana, kofi] = pupils;
    assert.ok(ana && kofi);
    await ana.ok('later', '7', '--until', 'start');
    assert.equal((await order('7')).status, 0);
    await until(async () => (await told(kofi)).currentVersion === 7);
    await until(async () => (await told(ana)).order?.epoch === 4);
    assert.deepEqual([(await told(ana)).currentVersion, (await told(ana)).deferredUntil], [6, -1]);
    await ana.virtual.restart();
    await until(async () => (await told(ana)).currentVersion === 7);
  });

  await t.test('a neighbour that announces a forged order is found out; what stood stands', async () => {
    const forged = join(folder, 'forged');
    mkdirSync(join(forged, `images/${image}/orders`), { recursive: true });
    const out = join(forged, `images/${image}/orders/9.pgp`);
    const args = ['--image', image, '--epoch', '9', '--key', join(folder, 'stranger.key'), '--out', out];
    await rippleOk(['order', '7', ...args]);
    const server = await serve(t, forged);
    const { port } = server;
    const liar = createDiscovery({
      kind: 'bonjour',
      interfaces: ['127.0.0.1'],
      logger: silentLogger,
      clock: realClock,
    });
    await liar.start(announcement({ id: 'liar', image, version: 7, orderEpoch: 9, port }));
    t.after(() => liar.stop());
    const bans = ({ peers }: Told): boolean => peers.some(({ id, state }) => id === 'liar' && state === 'banned');
    await until(async () => (await everywhere(bans)) && bans(await told(teacher)));
    assert.ok(await everywhere((one) => one.order?.epoch === 4));
    // Also after a restart it is not asked again today.
    const [ana] = pupils;
    assert.ok(ana);
    const given = server.givenBytes();
    await ana.virtual.restart();
    await until(async () => bans(await told(ana)));
    assert.equal(server.givenBytes(), given);
  });

  await t.test('the administrator takes the key back: its order counts no more, and it orders nothing', async () => {
    await keyrings('remove', `${key}.pub`);
    await school.start();
    await until(() => everywhere(({ peers }) => peers.length >= 4));
    for (const one of [teacher, ...pupils]) await one.ok('check');
    await until(() => everywhere((one) => one.order === null));
    const ran = await order('7', '--epoch', '50');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /is not in the keyring|may not sign/);
    // The administrator's own key has the role again, and numbers begin anew.
    await teacher.ok('order', '7', '--epoch', '1', '--key', published.key);
    await until(() => everywhere((one) => one.order?.epoch === 1));
  });
});
