/**
 * Sticks that are plugged in while the real daemon runs. UDisks2 is played by a service of this test on a private bus
 * (test/helpers/udisks.ts), for the real one, which is in udisksd.test.ts, knows no USB without hardware; the sticks are folders that appear and go, as mount points do.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { connectBus } from '../../dbus/connection.ts';
import type { ConfigValue } from '../../service/demo/virtual-laptop.ts';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { UdisksOnBus, udisksPolicy } from '../helpers/udisks.ts';
import { until } from '../helpers/until.ts';

const USB = { removable: true, bus: 'usb' };

let folder: string;
let published: Published;
/** What `ripple usb export` wrote. */
let master: string;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'plugged');
  const trees = makeSeededTrees(folder, 8, { smallFiles: 20, largeFiles: 1, largeBytes: 150_000, changedOneIn: 2 });
  published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  master = join(folder, 'master');
  mkdirSync(master);
  await rippleOk(['usb', 'export', master, '--repo', published.repository]);
});

async function laptop(t: TestContext, config: Readonly<Record<string, ConfigValue>> = {}) {
  const own = tempFolder(t, 'laptop');
  const one = await TestLaptop.make(t, { folder: own, published, busPolicies: [udisksPolicy(own)], config });
  const udisks = await UdisksOnBus.start(one.bus.address);
  t.after(() => udisks.stop());
  await one.virtual.start();
  const bus = await connectBus(one.bus.address);
  t.after(() => bus.close());
  const offered: unknown[] = [];
  bus.onSignal({ interface: 'org.laptop.Ripple1.Updater', member: 'UpdateAvailable' }, ({ body }) =>
    offered.push(body[0]),
  );
  await bus.callBus('GetId', '', []);
  const lines = (pattern: RegExp): readonly string[] =>
    readFileSync(one.virtual.logFile, 'utf8')
      .split('\n')
      .filter((line) => pattern.test(line));
  const mount = (name: string): string => join(own, name);
  /** A genuine stick, which comes last, was seen: so whatever was plugged in before was looked at. */
  const genuineIsSeen = async (): Promise<void> => {
    cpSync(master, mount('genuine'), { recursive: true });
    udisks.plugIn('sdz1', USB);
    udisks.mounted('sdz1', [mount('genuine')]);
    await until(async () => offered.length > 0 && (await one.status()).versions.length > 0);
    assert.deepEqual((await one.status()).versions[0]?.sources, [mount('genuine')]);
  };
  return { one, udisks, offered, lines, mount, genuineIsSeen };
}

test('a stick is plugged in: the new version is offered, comes from the stick, and is gone with it', async (t) => {
  const { one, udisks, offered, lines, mount } = await laptop(t);
  const stick = mount('RIPPLE STICK é');
  udisks.plugIn('sdb1', USB);
  cpSync(master, stick, { recursive: true });
  udisks.mounted('sdb1', [stick]);
  await until(async () => (await one.status()).state === 'available');
  assert.deepEqual(offered, [7]);
  assert.deepEqual((await one.status()).versions[0]?.sources, [stick]);
  await one.ok('get', '7');
  await until(async () => (await one.status()).stagedVersion === 7);
  assert.deepEqual(Object.keys((await one.status()).progress.fromPeers), [stick]);
  one.assertTree(published, 7);
  udisks.pullOut('sdb1');
  await until(async () => (await one.status()).versions[0]?.sources.length === 0);
  assert.equal(lines(/a stick was pulled out/).length, 1);
});

test('a stick that was pulled out has nothing to give, is not asked again, and may come back', async (t) => {
  const { one, udisks, lines, mount } = await laptop(t);
  const [stick, drawer] = [mount('stick'), mount('drawer')];
  cpSync(master, stick, { recursive: true });
  udisks.plugIn('sdb1', USB);
  udisks.mounted('sdb1', [stick]);
  await until(async () => (await one.status()).state === 'available');
  const asked = udisks.asked;
  renameSync(stick, drawer);
  udisks.mounted('sdb1', []);
  await until(async () => (await one.status()).versions[0]?.sources.length === 0);
  const ran = await one.run('check');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /nobody/i);
  assert.equal((await one.status()).lastError.code, 'NoSource');
  assert.equal(udisks.asked, asked + 1, 'UDisks2 was asked once for one signal');
  assert.equal(lines(/a source was no help/).length, 0, 'nobody looked for what is not there');
  // Whoever asks for it meanwhile waits a while, and gets it when the stick is back.
  const getting = one.ok('get', '7');
  await until(async () => (await one.status()).state === 'fetching');
  renameSync(drawer, stick);
  udisks.mounted('sdb1', [stick]);
  await getting;
  await until(async () => (await one.status()).stagedVersion === 7);
  one.assertTree(published, 7);
});

test('a stick that goes in the middle is said once, and the same one, back again, brings only the rest', async (t) => {
  const { one, udisks, lines, mount } = await laptop(t);
  const [stick, drawer] = [mount('stick'), mount('drawer')];
  cpSync(master, stick, { recursive: true });
  // What a laptop meets that had most of it when the stick went: the largest file is not there any more.
  const [large = ''] = readdirSync(join(stick, 'blobs'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(stick, 'blobs', name)).size >= 150_000,
  );
  renameSync(join(stick, 'blobs', large), mount('large'));
  udisks.plugIn('sdb1', USB);
  udisks.mounted('sdb1', [stick]);
  await until(async () => (await one.status()).state === 'available');
  const ran = await one.run('get', '7');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple get: 1 of [0-9]+ blobs could not be had at any of 1 sources\n$/);
  assert.equal((await one.status()).lastError.code, 'NoSource');
  renameSync(stick, drawer);
  udisks.mounted('sdb1', []);
  await until(() => lines(/a stick was pulled out/).length === 1);
  renameSync(mount('large'), join(drawer, 'blobs', large));
  renameSync(drawer, stick);
  udisks.mounted('sdb1', [stick]);
  await until(() => lines(/a stick with a repository was plugged in/).length === 2);
  await one.ok('get', '7');
  assert.equal((await one.status()).progress.fromPeers[stick], statSync(join(stick, 'blobs', large)).size);
  one.assertTree(published, 7);
});

test('what is not genuine, not ours, not removable or leads elsewhere brings nothing', async (t) => {
  const { one, udisks, offered, lines, mount, genuineIsSeen } = await laptop(t);
  const forger = await publishTrees(join(tempFolder(t), 'forger'), [[8, join(folder, 'tree-7')]]);
  cpSync(forger.repository, mount('forged'), { recursive: true });
  mkdirSync(join(mount('holiday'), 'images'), { recursive: true });
  mkdirSync(join(mount('holiday'), 'blobs'));
  cpSync(published.repository, mount('inside'), { recursive: true });
  // Each is a whole genuine repository, but for a part of it that is somewhere else on this machine.
  for (const part of ['images', 'images/xo', 'blobs']) {
    const stick = mount(`link-${part.replace('/', '-')}`);
    cpSync(master, stick, { recursive: true });
    renameSync(join(stick, part), mount(`elsewhere-${part.replace('/', '-')}`));
    symlinkSync(mount(`elsewhere-${part.replace('/', '-')}`), join(stick, part));
  }
  udisks.plugIn('sda1', { removable: false, bus: '' });
  udisks.mounted('sda1', [mount('inside')]);
  const sticks = ['forged', 'holiday', 'link-images', 'link-images-xo', 'link-blobs'];
  for (const [i, name] of sticks.entries()) {
    udisks.plugIn(`sd${i}1`, USB);
    udisks.mounted(`sd${i}1`, [mount(name)]);
  }
  await until(() => lines(/a stick is not used/).length === 4);
  assert.deepEqual(offered, []);
  assert.equal((await one.status()).state, 'idle');
  await genuineIsSeen();
  assert.deepEqual(offered, [7], 'the forged 8 is none');
  const [forged = '', ...others] = lines(/a stick is not used.*\/forged/);
  assert.match(forged, /SignatureInvalid.*not in the keyring/);
  assert.deepEqual(others, []);
  for (const name of ['images', 'images/xo', 'blobs'])
    assert.equal(lines(new RegExp(`links on it are not followed.*link="${name}"`)).length, 1, name);
  assert.equal(lines(/holiday|inside/).length, 0);
});

test('with stick.watch = false nobody looks', async (t) => {
  const { one, udisks, mount } = await laptop(t, { 'stick.watch': false });
  cpSync(master, mount('stick'), { recursive: true });
  udisks.plugIn('sdb1', USB);
  udisks.mounted('sdb1', [mount('stick')]);
  assert.equal((await one.run('check')).status, 1);
  assert.equal(udisks.asked, 0);
});

test('with fetch.automatic the version of a stick comes by itself', async (t) => {
  const { one, udisks, mount } = await laptop(t, { 'fetch.automatic': true });
  cpSync(master, mount('stick'), { recursive: true });
  udisks.plugIn('sdb1', { removable: false, bus: 'usb' });
  udisks.mounted('sdb1', [mount('stick')]);
  await until(async () => (await one.status()).stagedVersion === 7);
  one.assertTree(published, 7);
});
