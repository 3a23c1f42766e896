/** Battery, hours and connection, to real daemons: what comes by itself waits, a person is told or served. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { connectBus } from '../../dbus/connection.ts';
import type { ConfigValue } from '../../service/demo/virtual-laptop.ts';
import type { ShareServer } from '../../service/share/server.ts';
import { serve } from '../helpers/blobs.ts';
import { NetworkManagerOnBus, networkManagerPolicy } from '../helpers/network-manager.ts';
import { type Published, TestLaptop } from '../helpers/published.ts';
import { publishSeries } from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

let folder = '';
let published: Published;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-when-'));
  published = await publishSeries(folder, 7);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A laptop far from any school, whose configuration names the publisher's site. */
async function laptop(t: TestContext, config: Readonly<Record<string, ConfigValue>> = {}) {
  const site: ShareServer = await serve(t, published.repository);
  const own = tempFolder(t, 'laptop');
  const battery = join(own, 'power', 'BAT0');
  mkdirSync(battery, { recursive: true });
  const setBattery = (capacity: number, status: string): void => {
    for (const [file, text] of Object.entries({ type: 'Battery', capacity: `${capacity}`, status }))
      writeFileSync(join(battery, file), `${text}\n`);
  };
  setBattery(90, 'Discharging');
  const one = await TestLaptop.make(t, {
    folder: own,
    published,
    busPolicies: [networkManagerPolicy(own)],
    config: { 'power.supplies': join(own, 'power'), origins: [site.url], ...config },
  });
  const log = (): string => readFileSync(one.virtual.logFile, 'utf8');
  const isReady = async (): Promise<boolean> => (await one.status()).stagedVersion === 7;
  return { one, site, setBattery, log, isReady };
}

suite('when a laptop fetches', { concurrency: 2 }, () => {
  test('a laptop that finds no school goes to the site of its configuration', async (t) => {
    const { one, site, isReady } = await laptop(t, {
      'discovery.kind': 'bonjour',
      'discovery.interfaces': ['127.0.0.1'],
      'check.minutes': 0,
    });
    await one.virtual.start();
    await one.ok('check');
    const [found] = (await one.status()).versions;
    assert.deepEqual([found?.version, found?.sources], [7, [site.url]], 'its answer says what is newest');
    await one.ok('get', '7');
    await until(isReady);
    assert.deepEqual(Object.keys((await one.status()).progress.fromPeers), [site.url]);
    one.assertTree(published, 7);
  });

  test('below the floor a person is told, and what comes by itself waits for mains', async (t) => {
    const { one, site, setBattery, log, isReady } = await laptop(t, { 'fetch.automatic': true });
    setBattery(12, 'Discharging');
    await one.virtual.start();
    await one.ok('check');
    await until(() => /fetching by itself waits.*battery/.test(log()));
    const given = site.givenBytes();
    const ran = await one.run('get', '7');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /the battery has 12%, less than 20%: plug the laptop in/);
    const bus = await connectBus(one.bus.address);
    t.after(() => bus.close());
    const call = { destination: 'org.laptop.Ripple1', path: '/org/laptop/Ripple1', member: 'Fetch' };
    await assert.rejects(
      bus.call({ ...call, interface: 'org.laptop.Ripple1.Updater', signature: 'ua{sv}', body: [7, {}] }),
      { name: 'org.laptop.Ripple1.Error.LowBattery' },
    );
    assert.equal((await one.status()).state, 'available');
    assert.equal(site.givenBytes(), given, 'not a byte of it came');
    setBattery(12, 'Charging');
    await until(isReady);
  });

  test('in quiet hours nothing comes by itself, and a person gets what they ask for', async (t) => {
    const hour = (plus: number): string => {
      const at = new Date(Date.now() + plus * 3600_000);
      return [at.getHours(), at.getMinutes()].map((one) => String(one).padStart(2, '0')).join(':');
    };
    const hours = `${hour(-2)}-${hour(2)}`;
    const { one, log, isReady } = await laptop(t, { 'fetch.automatic': true, 'fetch.quiet_hours': hours });
    await one.virtual.start();
    await one.ok('check');
    await until(() => /fetching by itself waits.*quiet-hours/.test(log()));
    assert.equal((await one.status()).state, 'available');
    await one.ok('get', '7');
    await until(isReady);
  });

  test('where the way to the site costs money it is not gone by itself', async (t) => {
    const { one, site, log, isReady } = await laptop(t, { 'fetch.automatic': true });
    const manager = await NetworkManagerOnBus.start(one.bus.address, 1);
    t.after(() => manager.stop());
    await one.virtual.start();
    await one.ok('check');
    await until(() => /fetching by itself waits.*metered/.test(log()));
    const given = site.givenBytes();
    assert.equal((await one.status()).state, 'available');
    assert.equal(site.givenBytes(), given);
    manager.set(2);
    await until(isReady);
    assert.ok(site.givenBytes() > given);
  });
});
