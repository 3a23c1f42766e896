import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectBus } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { callAs, IS_ROOT, outputAs } from '../helpers/as-user.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const NEEDS_ROOT = IS_ROOT ? false : 'only root can call as other users';
const NOBODY = { user: 'nobody', group: 'nogroup' };
const PLAYER = { user: 'nobody', group: 'nogroup', groups: ['games'] };
const POLKIT = 'org.freedesktop.PolicyKit1';
const CONFIG =
  '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"\n "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">\n';

test('without polkit: root and the group of the configuration may, others may not', { skip: NEEDS_ROOT }, async (t) => {
  const service = await startUpdaterOnBus({ group: 'games', allowSameUser: false });
  t.after(() => service.stop());
  const { address } = service.bus;
  assert.match(
    await callAs(NOBODY, address, 'Fetch', '7', '{}'),
    /org\.laptop\.Ripple1\.Error\.NotAuthorized: .*org\.laptop\.ripple1\.update \(user 65534: only root and members of the group games may\)/,
  );
  assert.deepEqual(service.updater.calls, []);
  assert.equal(await callAs(PLAYER, address, 'Fetch', '7', '{}'), '()');
  assert.equal(await callAs({ user: 'nobody', group: 'games' }, address, 'Fetch', '8', '{}'), '()');
  assert.equal(await callAs(undefined, address, 'Fetch', '9', '{}'), '()');
  assert.deepEqual(service.updater.calls, [
    ['fetch', 7],
    ['fetch', 8],
    ['fetch', 9],
  ]);
});

test('a group that is not configured or does not exist lets nobody in', { skip: NEEDS_ROOT }, async (t) => {
  for (const group of ['', 'no-such-group']) {
    const service = await startUpdaterOnBus({ group, allowSameUser: false });
    t.after(() => service.stop());
    assert.match(await callAs(PLAYER, service.bus.address, 'Check', '{}'), /NotAuthorized/);
    assert.deepEqual(service.updater.calls, []);
  }
});

test('everybody may read the properties', { skip: NEEDS_ROOT }, async (t) => {
  const service = await startUpdaterOnBus({ group: '', allowSameUser: false });
  t.after(() => service.stop());
  const where = [BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE];
  const read = ['get-property', ...where, 'State', 'Versions'];
  assert.match(
    await outputAs(NOBODY, 'busctl', [`--address=${service.bus.address}`, ...read]),
    /^s "idle"\naa\{sv\} 1 7 /,
  );
});

test('when polkit has the name but no sensible answer, the answer is no', { skip: NEEDS_ROOT }, async (t) => {
  const folder = tempFolder(t);
  const policy = join(folder, 'polkit.conf');
  await writeFile(
    policy,
    `${CONFIG}<busconfig><policy context="default"><allow send_destination="${POLKIT}"/></policy></busconfig>`,
  );
  const service = await startUpdaterOnBus({ group: 'games', allowSameUser: true }, { policyFiles: [policy] });
  t.after(() => service.stop());
  const polkit = await connectBus(service.bus.address);
  t.after(() => polkit.close());
  const asked: unknown[] = [];
  const answers = [
    async () => Promise.reject(standardError('Failed', 'Action is not registered')),
    async () => ({ signature: 'b', body: [true] }),
    async () => ({ signature: '(bba{ss})', body: [[false, true, {}]] }),
    async () => ({ signature: '(bba{ss})', body: [[false, false, {}]] }),
    async () => ({ signature: '(bba{ss})', body: [[true, false, {}]] }),
  ];
  polkit.addDispatcher((call) => {
    asked.push(call.body());
    return answers.shift()?.();
  });
  await polkit.requestName(POLKIT);
  const { address } = service.bus;
  assert.match(await callAs(PLAYER, address, 'Check', '{}'), /NotAuthorized: .*\.check .*polkit cannot be asked/);
  assert.match(await callAs(PLAYER, address, 'Check', '{}'), /NotAuthorized: .*polkit cannot be asked/);
  assert.match(await callAs(PLAYER, address, 'Check', '{}'), /NotAuthorized: .*an administrator has to agree/);
  assert.match(
    await callAs(PLAYER, address, 'Rollback', '{}'),
    /NotAuthorized: .*\.rollback .*polkit does not allow it/,
  );
  assert.deepEqual(service.updater.calls, []);
  assert.equal(await callAs(PLAYER, address, 'Check', '{}'), '()');
  assert.equal(asked.length, 5);
  assert.match(
    JSON.stringify(asked[3]),
    /^\[\["system-bus-name",\{"name":\{"signature":"s","value":":1\.\d+"\}\}\],"org\.laptop\.ripple1\.rollback",\{\},0,""\]$/,
  );
});

test('polkit that would be started but does not start lets only root in', { skip: NEEDS_ROOT }, async (t) => {
  const folder = tempFolder(t);
  await mkdir(join(folder, 'services'));
  await writeFile(
    join(folder, `services/${POLKIT}.service`),
    `[D-BUS Service]\nName=${POLKIT}\nExec=/bin/false\nUser=root\n`,
  );
  const policy = join(folder, 'polkit.conf');
  await writeFile(
    policy,
    `${CONFIG}<busconfig><policy context="default"><allow send_destination="${POLKIT}"/></policy></busconfig>`,
  );
  const service = await startUpdaterOnBus(
    { group: 'games', allowSameUser: true },
    { policyFiles: [policy], serviceFolders: [join(folder, 'services')] },
  );
  t.after(() => service.stop());
  assert.match(await callAs(PLAYER, service.bus.address, 'Check', '{}'), /NotAuthorized: .*polkit cannot be asked/);
  assert.equal(await callAs(undefined, service.bus.address, 'Check', '{}'), '()');
});
