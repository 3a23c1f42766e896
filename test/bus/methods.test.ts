import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { UpdaterClient } from '../../dbus/client.ts';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import { BusError } from '../../dbus/error.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { RippleError } from '../../service/api/errors.ts';
import { startUpdaterOnBus, type UpdaterOnBus } from '../helpers/updater-on-bus.ts';

let service: UpdaterOnBus;
let client: UpdaterClient;
let raw: BusConnection;

before(async () => {
  service = await startUpdaterOnBus();
  client = await UpdaterClient.connect(service.bus.address);
  raw = await connectBus(service.bus.address);
});
after(async () => {
  client.close();
  raw.close();
  await service.stop();
});
beforeEach(() => {
  service.updater.calls.length = 0;
  service.updater.respond = async () => {};
});

const variant = (signature: string, value: unknown) => ({ signature, value });

function call(
  member: string,
  signature: string,
  body: readonly unknown[],
  iface = UPDATER_INTERFACE,
  path = OBJECT_PATH,
) {
  return raw.call({ destination: BUS_NAME, path, interface: iface, member, signature, body, timeoutMs: 10_000 });
}

/** The D-Bus error name and text of a call that has to fail. */
async function failure(work: Promise<unknown>): Promise<BusError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

test('every method reaches the updater with its arguments and gives its results back', async () => {
  await client.call('Check', [{}]);
  await client.call('Fetch', [7, {}]);
  await client.call('Accept', [7, {}]);
  await client.call('Accept', [7, { when: variant('s', 'now') }]);
  await client.call('Accept', [7, { when: variant('s', 'next-boot') }]);
  await client.call('Accept', [7, { when: variant('x', 1_800_000_000n) }]);
  await client.call('Accept', [7, { when: variant('t', 1_800_000_001n) }]);
  await client.call('Accept', [7, { when: variant('u', 1_800_000_002) }]);
  await client.call('Defer', [7, { until: variant('x', 1_800_000_003n) }]);
  await client.call('Defer', [7, { until: variant('x', -1n) }]);
  await client.call('Rollback', [{}]);
  await client.call('Cancel', []);
  assert.deepEqual(await client.call('Verify', []), [1234, 2]);
  assert.deepEqual(await client.call('Repair', []), [2]);
  await client.call('Restart', []);
  assert.deepEqual(service.updater.calls, [
    ['check'],
    ['fetch', 7],
    ['accept', 7, 'next-boot'],
    ['accept', 7, 'now'],
    ['accept', 7, 'next-boot'],
    ['accept', 7, 1_800_000_000],
    ['accept', 7, 1_800_000_001],
    ['accept', 7, 1_800_000_002],
    ['defer', 7, 1_800_000_003],
    ['defer', 7, -1],
    ['rollback'],
    ['cancel'],
    ['verify'],
    ['repair'],
    ['restart'],
  ]);
});

test('arguments of another signature are refused before the updater hears of them', async () => {
  for (const [signature, body] of [
    ['', []],
    ['u', [7]],
    ['sa{sv}', ['7', {}]],
    ['ia{sv}', [7, {}]],
    ['ua{sv}u', [7, {}, 1]],
    ['ua{ss}', [7, {}]],
  ] as const)
    assert.equal((await failure(call('Fetch', signature, body))).name, 'org.freedesktop.DBus.Error.InvalidArgs');
  assert.deepEqual(service.updater.calls, []);
});

test('options that are not understood are refused by name, also `__proto__` and `constructor`', async () => {
  for (const key of ['wehn', '__proto__', 'constructor', 'toString']) {
    const options = Object.fromEntries([[key, variant('s', 'now')]]);
    const error = await failure(call('Accept', 'ua{sv}', [7, options]));
    assert.equal(error.name, 'org.laptop.Ripple1.Error.InvalidArgument');
    assert.match(error.text, new RegExp(`"${key}"`));
  }
  for (const [member, signature, body] of [
    ['Check', 'a{sv}', [{ x: variant('b', true) }]],
    ['Fetch', 'ua{sv}', [7, { x: variant('b', true) }]],
    ['Fetch', 'ua{sv}', [0, {}]],
    ['Rollback', 'a{sv}', [{ x: variant('b', true) }]],
    ['Accept', 'ua{sv}', [7, { when: variant('s', 'tomorrow') }]],
    ['Accept', 'ua{sv}', [7, { when: variant('x', -5n) }]],
    ['Accept', 'ua{sv}', [7, { when: variant('t', 2n ** 63n) }]],
    ['Accept', 'ua{sv}', [7, { when: variant('d', 1.5) }]],
    ['Accept', 'ua{sv}', [0, {}]],
    ['Defer', 'ua{sv}', [7, {}]],
    ['Defer', 'ua{sv}', [7, { until: variant('s', 'later') }]],
    ['Defer', 'ua{sv}', [7, { until: variant('x', -2n) }]],
  ] as const)
    assert.equal((await failure(call(member, signature, body))).name, 'org.laptop.Ripple1.Error.InvalidArgument');
  assert.deepEqual(service.updater.calls, []);
});

test('what is not there gets the standard errors', async () => {
  const name = async (work: Promise<unknown>) => (await failure(work)).name.replace('org.freedesktop.DBus.Error.', '');
  // The bus's own policy lets only our interfaces through, so ours is the last word only on members and paths.
  assert.equal(await name(call('Explode', '', [])), 'UnknownMethod');
  assert.equal(await name(call('constructor', '', [])), 'UnknownMethod');
  assert.equal(await name(call('Check', 'a{sv}', [{}], UPDATER_INTERFACE, '/elsewhere')), 'UnknownObject');
  assert.equal(await name(call('Check', 'a{sv}', [{}], UPDATER_INTERFACE, '/org')), 'UnknownObject');
  const properties = 'org.freedesktop.DBus.Properties';
  assert.equal(await name(call('Get', 'ss', [UPDATER_INTERFACE, 'Secret'], properties)), 'UnknownProperty');
  assert.equal(await name(call('Get', 'ss', [UPDATER_INTERFACE, '__proto__'], properties)), 'UnknownProperty');
  assert.equal(await name(call('GetAll', 's', ['org.example.Other'], properties)), 'UnknownInterface');
  assert.equal(await name(call('GetAll', '', [], properties)), 'InvalidArgs');
  assert.equal(await name(call('Check', 'a{sv}', [{}], 'org.laptop.Ripple1.Other')), 'AccessDenied');
});

test('an error of ours keeps its code and message; any other becomes "internal error" and stays in the log', async () => {
  service.updater.respond = async () => {
    throw new RippleError('NoSpace', 'not enough room on /sysroot: 9 bytes needed, 3 free; make room and try again');
  };
  const known = await failure(call('Fetch', 'ua{sv}', [7, {}]));
  assert.equal(known.name, 'org.laptop.Ripple1.Error.NoSpace');
  assert.equal(known.text, 'not enough room on /sysroot: 9 bytes needed, 3 free; make room and try again');
  await assert.rejects(client.call('Fetch', [7, {}]), { code: 'NoSpace', message: known.text });

  service.updater.respond = async () => {
    throw new TypeError('secret at /secret/place\n    at Secret.ts:12');
  };
  const unknown = await failure(call('Fetch', 'ua{sv}', [7, {}]));
  assert.equal(unknown.name, 'org.laptop.Ripple1.Error.Internal');
  assert.equal(unknown.text, 'internal error');
  assert.ok(service.logger.lines.some(({ data }) => String(data.stack).includes('secret at /secret/place')));

  service.updater.respond = async () => {
    throw new RippleError('IoError', 'first line\0\n    at Stack.ts:12');
  };
  assert.equal((await failure(call('Fetch', 'ua{sv}', [7, {}]))).text, 'first line?');
});

test('a caller with too much under way is told to wait, and others are not kept out', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  service.updater.respond = (method) => (method === 'check' ? gate : Promise.resolve());
  const calls = Array.from({ length: 40 }, () =>
    call('Check', 'a{sv}', [{}]).then(
      () => 'done',
      (error) => error.name,
    ),
  );
  const busy = await Promise.race([...calls]);
  assert.equal(busy, 'org.laptop.Ripple1.Error.Busy');
  await client.call('Fetch', [7, {}]);
  open();
  const results = await Promise.all(calls);
  assert.equal(results.filter((result) => result === 'done').length, 16);
  assert.equal(results.filter((result) => result === busy).length, 24);
  await call('Check', 'a{sv}', [{}]);
});

test('a thousand rapid calls are all answered', async () => {
  // The bus itself allows a connection 128 open calls.
  const answers = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const calls = Array.from({ length: 100 }, (_, i) =>
      i % 10 === 0
        ? call('Cancel', '', [])
        : call('Get', 'ss', [UPDATER_INTERFACE, 'State'], 'org.freedesktop.DBus.Properties'),
    );
    for (const answer of await Promise.all(calls)) answers.add(JSON.stringify(answer));
  }
  assert.deepEqual([...answers], ['[]', '[{"signature":"s","value":"idle"}]']);
  assert.equal(service.updater.calls.length, 100);
});

test('a call of many bytes is refused, and one that cannot be read does no harm', async () => {
  const huge = await failure(call('Accept', 'ua{sv}', [7, { when: variant('s', 'x'.repeat(100_000)) }]));
  assert.equal(huge.name, 'org.freedesktop.DBus.Error.LimitsExceeded');
  await client.call('Check', [{}]);
});
