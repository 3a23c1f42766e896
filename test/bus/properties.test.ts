import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UpdaterClient } from '../../dbus/client.ts';
import { connectBus } from '../../dbus/connection.ts';
import { decodeLastError, decodePeers, decodeProgress, decodeVersions } from '../../dbus/decode.ts';
import { BUS_NAME, CLASSROOM, OBJECT_PATH, UPDATER, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { NO_PROGRESS } from '../../service/api/model.ts';
import { interfaceXml, nodeXml } from '../../service/api/xml.ts';
import type { UpdaterSnapshot } from '../../service/core/updater.ts';
import { FIRST_SNAPSHOT } from '../../service/demo/scripted/scripted-updater.ts';
import { output } from '../helpers/as-user.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';
import { propertiesAre, startUpdaterOnBus, startWithClient } from '../helpers/updater-on-bus.ts';

const PROPERTIES = 'org.freedesktop.DBus.Properties';
const FETCHING: UpdaterSnapshot['progress'] = {
  version: 7,
  phase: 'blobs',
  doneBytes: 2 ** 40,
  totalBytes: 2 ** 41,
  fromPeers: { p1: 2 ** 39, __proto__x: 5 },
  etaSeconds: 90,
};

test('description, file and live introspection are the same interface', async (t) => {
  const { bus } = await startWithClient(t);
  const file = readFileSync(join(PROJECT_ROOT, 'assets/dbus/org.laptop.Ripple1.xml'), 'utf8');
  assert.equal(
    file,
    nodeXml([interfaceXml(UPDATER), interfaceXml(CLASSROOM)]),
    'run node scripts/generate-dbus-xml.mjs',
  );
  const where = ['--address', bus.address, '--dest', BUS_NAME];
  const live = await output('gdbus', ['introspect', ...where, '--object-path', OBJECT_PATH, '--xml']);
  const ours = /^ {2}<interface name="org\.laptop\.Ripple1\.Updater">\n[\s\S]*?^ {2}<\/interface>\n/m;
  assert.equal(ours.exec(live)?.[0], ours.exec(file)?.[0]);

  const table = await output('busctl', [
    `--address=${bus.address}`,
    'introspect',
    BUS_NAME,
    OBJECT_PATH,
    UPDATER_INTERFACE,
  ]);
  for (const name of [
    ...Object.keys(UPDATER.properties),
    ...Object.keys(UPDATER.methods),
    ...Object.keys(UPDATER.signals),
  ])
    assert.match(table, new RegExp(`^\\.${name} `, 'm'));
  assert.doesNotMatch(table, /writable/);
  const tree = await output('busctl', [`--address=${bus.address}`, '--list', 'tree', BUS_NAME]);
  assert.deepEqual(tree.trim().split('\n'), ['/', '/org', '/org/laptop', '/org/laptop/Ripple1']);
});

test('the client reads back the model that the service was given', async (t) => {
  const { client, updater } = await startWithClient(t);
  const { properties } = client;
  assert.equal(client.present, true);
  assert.deepEqual(decodeVersions(properties.Versions), FIRST_SNAPSHOT.versions);
  assert.deepEqual(decodePeers(properties.Peers), FIRST_SNAPSHOT.peers);
  assert.deepEqual(decodeProgress(properties.Progress), NO_PROGRESS);
  assert.deepEqual(decodeLastError(properties.LastError), { code: '', message: '' });
  assert.deepEqual(
    [
      properties.State,
      properties.Image,
      properties.BootedVersion,
      properties.PreviousVersion,
      properties.DeferredUntil,
    ],
    ['idle', 'xo', 6, 5, 0n],
  );
  updater.set({
    state: 'fetching',
    progress: FETCHING,
    deferredUntil: -1,
    lastError: { code: 'NoSource', message: 'nobody has version 7' },
  });
  await propertiesAre(client, () => client.properties.Progress?.version?.value === 7);
  assert.deepEqual(decodeProgress(client.properties.Progress), FETCHING);
  assert.deepEqual(decodeLastError(client.properties.LastError), { code: 'NoSource', message: 'nobody has version 7' });
  assert.equal(client.properties.DeferredUntil, -1n);
});

test('values out of range cross the bus as the nearest that fit', async (t) => {
  const { client, updater } = await startWithClient(t);
  updater.set({
    stagedVersion: -3,
    previousVersion: 2 ** 40,
    image: 'x\0o',
    deferredUntil: Number.NaN,
    progress: { ...FETCHING, doneBytes: -1, totalBytes: Number.POSITIVE_INFINITY, etaSeconds: 1.5 },
  });
  await propertiesAre(client, () => client.properties.Image === 'x\u{fffd}o');
  const { properties } = client;
  assert.deepEqual(
    [properties.StagedVersion, properties.PreviousVersion, properties.DeferredUntil],
    [0, 2 ** 32 - 1, 0n],
  );
  await propertiesAre(client, () => client.properties.Progress?.version?.value === 7);
  const { doneBytes, totalBytes, etaSeconds } = decodeProgress(client.properties.Progress);
  assert.deepEqual([doneBytes, totalBytes, etaSeconds], [0, Number.MAX_SAFE_INTEGER, 1]);
});

test('only what changed is told, and nothing when nothing did', async (t) => {
  const { bus, updater } = await startWithClient(t);
  const watcher = await connectBus(bus.address);
  t.after(() => watcher.close());
  const told: string[][] = [];
  const rule = { sender: BUS_NAME, path: OBJECT_PATH, interface: PROPERTIES, member: 'PropertiesChanged' };
  const settled = new Promise<void>((resolve) => {
    watcher.onSignal(rule, ({ body: [iface, changed, invalidated] }) => {
      assert.equal(iface, UPDATER_INTERFACE);
      assert.deepEqual(invalidated, []);
      told.push(Object.keys(typeof changed === 'object' && changed !== null ? changed : {}));
      if (told.length === 2) resolve();
    });
  });
  await watcher.callBus('GetId', '', []);
  updater.set({});
  updater.set({ versions: [...FIRST_SNAPSHOT.versions] });
  await new Promise((resolve) => setImmediate(resolve));
  updater.set({ state: 'checking' });
  updater.set({ restartRequired: true });
  await new Promise((resolve) => setImmediate(resolve));
  updater.set({ state: 'idle' });
  await settled;
  assert.deepEqual(told, [['State', 'RestartRequired'], ['State']]);
});

test('progress comes at most five times a second, and its last value always does', async (t) => {
  const { client, updater } = await startWithClient(t);
  const seen: number[] = [];
  client.onChange(() => seen.push(decodeProgress(client.properties.Progress).doneBytes));
  const startedMs = performance.now();
  const LAST = 400;
  for (let doneBytes = 1; doneBytes <= LAST; doneBytes++) {
    updater.set({ progress: { ...FETCHING, doneBytes } });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await propertiesAre(client, () => seen.at(-1) === LAST);
  const intervals = (performance.now() - startedMs) / 200;
  assert.ok(new Set(seen).size <= intervals + 1, `${new Set(seen).size} values in ${intervals} intervals`);
});

test('the policy stops Set; where no policy does, Set is refused and nothing changes', async (t) => {
  const set = (address: string) =>
    output('busctl', [
      `--address=${address}`,
      'call',
      BUS_NAME,
      OBJECT_PATH,
      PROPERTIES,
      'Set',
      'ssv',
      UPDATER_INTERFACE,
      'State',
      's',
      'failed',
    ]);
  const { bus } = await startWithClient(t);
  await assert.rejects(set(bus.address), /Access denied|AccessDenied|rejected/i);

  const lenient = join(tempFolder(t), 'lenient.conf');
  writeFileSync(
    lenient,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy context="mandatory"><allow send_destination="${BUS_NAME}"/></policy></busconfig>`,
  );
  const open = await startUpdaterOnBus({}, { policyFiles: [lenient] });
  t.after(() => open.stop());
  await assert.rejects(set(open.bus.address), /State can only be read/);
  const client = await UpdaterClient.connect(open.bus.address);
  assert.equal(client.properties.State, 'idle');
  const refused = client.connection.call({
    destination: BUS_NAME,
    path: OBJECT_PATH,
    interface: PROPERTIES,
    member: 'Set',
    signature: 'ssv',
    body: [UPDATER_INTERFACE, 'State', { signature: 's', value: 'failed' }],
  });
  await assert.rejects(refused, { name: 'org.freedesktop.DBus.Error.PropertyReadOnly' });
  const wrong = { destination: BUS_NAME, path: OBJECT_PATH, interface: 'org.laptop.Ripple1.Other', member: 'X' };
  await assert.rejects(client.connection.call(wrong), { name: 'org.freedesktop.DBus.Error.UnknownInterface' });
  client.close();
  assert.equal(open.updater.snapshot().state, 'idle');
});
