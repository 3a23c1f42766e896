import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { socketPath, unixAddress } from '../../dbus/address.ts';
import { UpdaterClient } from '../../dbus/client.ts';
import { type BusConnection, connectBus, type IncomingCall, type Signal } from '../../dbus/connection.ts';
import { authenticate, encodeMessage, MESSAGE_FLAG, MESSAGE_TYPE } from '../../dbus/wire.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { type PrivateBus, startPrivateBus } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const UPDATER_CALL = { destination: BUS_NAME, path: OBJECT_PATH, interface: UPDATER_INTERFACE } as const;

async function startBus(t: TestContext): Promise<{ bus: PrivateBus; connect: () => Promise<BusConnection> }> {
  const bus = await startPrivateBus();
  const open: BusConnection[] = [];
  t.after(async () => {
    for (const connection of open) connection.close();
    await bus.stop();
  });
  return {
    bus,
    connect: async () => {
      const connection = await connectBus(bus.address);
      open.push(connection);
      return connection;
    },
  };
}

/** A service that answers with what it got. */
async function echo(connection: BusConnection): Promise<IncomingCall[]> {
  const calls: IncomingCall[] = [];
  connection.addDispatcher((call) => {
    if (call.path !== OBJECT_PATH) return undefined;
    calls.push(call);
    return Promise.resolve().then(() => ({ signature: call.signature, body: call.body() }));
  });
  await connection.requestName(BUS_NAME);
  return calls;
}

test('values of every type come back as they went, also keys like `__proto__`', async (t) => {
  const { connect } = await startBus(t);
  await echo(await connect());
  const client = await connect();
  const dictionary = Object.fromEntries([
    ['__proto__', { signature: 's', value: 'polluted' }],
    ['constructor', { signature: 'a{sv}', value: { inner: { signature: 'v', value: { signature: 'u', value: 1 } } } }],
  ]);
  const values: readonly (readonly [string, unknown])[] = [
    ['s', 'ünïcode ☃ 🙂'],
    ['s', ''],
    ['o', '/a/b'],
    ['g', 'a{sv}'],
    ['b', true],
    ['y', 255],
    ['n', -32_768],
    ['q', 65_535],
    ['i', -2_147_483_648],
    ['u', 4_294_967_295],
    ['d', -0.25],
    ['x', -9_007_199_254_740_993n],
    ['t', 18_446_744_073_709_551_615n],
    ['ay', Buffer.from([0, 1, 255])],
    ['as', []],
    ['at', [1n, 2n]],
    ['(s(ub))', ['a', [1, false]]],
    ['a(sx)', [['a', -1n]]],
    ['v', { signature: '(sas)', value: ['x', ['y']] }],
    ['aa{st}', [{}, { a: 1n }]],
  ];
  for (const [signature, value] of values) {
    const body = await client.call({ ...UPDATER_CALL, member: 'Echo', signature, body: [value] });
    assert.deepEqual(JSON.stringify(body, bigints), JSON.stringify([value], bigints), signature);
  }
  const [back] = await client.call({ ...UPDATER_CALL, member: 'Echo', signature: 'a{sv}', body: [dictionary] });
  assert.ok(typeof back === 'object' && back !== null);
  assert.equal(Object.getPrototypeOf(back), null);
  assert.deepEqual(Object.keys(back), ['__proto__', 'constructor']);
  assert.equal(Object.getOwnPropertyDescriptor({}, 'signature'), undefined);
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

test('values that are not what the signature says are refused before anything is sent', async (t) => {
  const { connect } = await startBus(t);
  const client = await connect();
  for (const [signature, body] of [
    ['s', [1]],
    ['u', ['1']],
    ['u', [-1]],
    ['u', [1.5]],
    ['b', [1]],
    ['x', [1]],
    ['v', ['plain']],
    ['v', [{ signature: 'ss', value: 'a' }]],
    ['as', ['a']],
    ['a{sv}', [[]]],
    ['(ss)', [['a']]],
    ['s', []],
    ['s', ['nul \0']],
    ['h', [0]],
  ] as const)
    await assert.rejects(client.call({ ...UPDATER_CALL, member: 'Echo', signature, body }), signature);
  assert.equal((await client.callBus('GetId', '', [])).length, 1);
});

test('a body that cannot be read is answered with an error and does not end the service', async (t) => {
  const service = await startUpdaterOnBus();
  t.after(() => service.stop());
  const socket = createConnection(socketPath(service.bus.address));
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  await authenticate(socket);
  const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
  socket.write(encodeMessage({ ...bus, type: MESSAGE_TYPE.call, flags: 0, serial: 1, member: 'Hello' }, []));
  const when = { when: { signature: 'u', value: 7 } };
  const header = {
    ...UPDATER_CALL,
    type: MESSAGE_TYPE.call,
    flags: 0,
    serial: 2,
    member: 'Accept',
    signature: 'ua{sv}',
  };
  const bytes = encodeMessage(header, [7, when]);
  // A file descriptor that was never sent: the type `u` of the variant becomes `h`. The bus lets it through.
  const variant = bytes.lastIndexOf(Buffer.from([1, 'u'.charCodeAt(0), 0]));
  bytes.writeUInt8('h'.charCodeAt(0), variant + 1);
  socket.write(bytes);
  let answer = '';
  while (!answer.includes('cannot be read')) {
    await once(socket, 'readable');
    answer += String(socket.read() ?? '');
  }
  assert.match(answer, /org\.freedesktop\.DBus\.Error\.InvalidArgs/);
  assert.deepEqual(service.updater.calls, []);
  const client = await UpdaterClient.connect(service.bus.address);
  await client.call('Cancel', []);
  client.close();
});

test('a call that wants no reply gets none, not even an error', async (t) => {
  const { bus, connect } = await startBus(t);
  const calls = await echo(await connect());
  const socket = createConnection(socketPath(bus.address));
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  await authenticate(socket);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const daemon = {
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
  };
  const type = MESSAGE_TYPE.call;
  socket.write(encodeMessage({ ...daemon, type, flags: 0, serial: 1, member: 'Hello' }, []));
  const flags = MESSAGE_FLAG.noReplyExpected;
  socket.write(
    encodeMessage({ ...UPDATER_CALL, type, flags, serial: 2, member: 'Echo', signature: 's' }, ['quiet-echo']),
  );
  socket.write(encodeMessage({ ...UPDATER_CALL, type, flags, serial: 3, path: '/nowhere', member: 'Echo' }, []));
  socket.write(
    encodeMessage({ ...UPDATER_CALL, type, flags: 0, serial: 4, member: 'Echo', signature: 's' }, ['loud-echo']),
  );
  while (!received.includes('loud-echo')) await once(socket, 'data');
  assert.deepEqual(
    calls.map((call) => call.noReply),
    [true, false],
  );
  assert.doesNotMatch(received, /quiet-echo|UnknownObject/);
});

test('a listener hears only the sender it named, also when others send the same signal straight to it', async (t) => {
  const { connect } = await startBus(t);
  const [service, forger, client] = [await connect(), await connect(), await connect()];
  const heard: Signal[] = [];
  const rule = { sender: BUS_NAME, path: OBJECT_PATH, interface: UPDATER_INTERFACE, member: 'StateChanged' };
  const stop = client.onSignal(rule, (signal) => heard.push(signal));
  // A second rule without a sender brings the forged one to this connection.
  let forged = 0;
  client.onSignal({ interface: UPDATER_INTERFACE }, () => forged++);
  await client.callBus('GetId', '', []);
  const signal = { path: OBJECT_PATH, interface: UPDATER_INTERFACE, member: 'StateChanged', signature: 'ss' };
  const fence = async () => {
    await Promise.all([forger, service].map((connection) => connection.callBus('GetId', '', [])));
    await client.callBus('GetId', '', []);
  };
  forger.emitSignal({ ...signal, body: ['forged', 'before'] });
  await fence();
  await service.requestName(BUS_NAME);
  service.emitSignal({ ...signal, body: ['true', 'one'] });
  forger.emitSignal({ ...signal, body: ['forged', 'after'] });
  service.emitSignal({ ...signal, member: 'Other', body: ['true', 'other'] });
  await fence();
  assert.deepEqual(
    heard.map(({ body, sender }) => [...body, sender]),
    [['true', 'one', service.name]],
  );
  assert.equal(forged, 4);
  stop();
  service.emitSignal({ ...signal, body: ['true', 'two'] });
  await fence();
  assert.equal(heard.length, 1);
});

test('a match is taken back from the bus when its listener leaves', async (t) => {
  const { connect } = await startBus(t);
  const client = await connect();
  // The system's limit is 512 matches a connection, so leaks show.
  for (let i = 0; i < 2000; i++) {
    const stop = client.onSignal({ sender: BUS_NAME, interface: UPDATER_INTERFACE, member: `M${i}` }, () => {});
    stop();
    if (i % 50 === 0) await client.callBus('GetId', '', []);
  }
  assert.equal((await client.callBus('GetId', '', [])).length, 1);
});

test('a watched name tells of its owners; a second owner is refused', async (t) => {
  const { connect } = await startBus(t);
  const [first, second, client] = [await connect(), await connect(), await connect()];
  const told: string[] = [];
  const next: (() => void)[] = [];
  const note = (what: string) => {
    told.push(what);
    next.shift()?.();
  };
  const step = () => new Promise<void>((resolve) => next.push(resolve));
  let change = step();
  client.watchName(
    BUS_NAME,
    (owner) => note(owner),
    () => note('none'),
  );
  await change;
  change = step();
  await first.requestName(BUS_NAME);
  await change;
  await assert.rejects(second.requestName(BUS_NAME), /org\.laptop\.Ripple1 is taken on this bus/);
  change = step();
  first.close();
  await change;
  change = step();
  await second.requestName(BUS_NAME);
  await change;
  assert.deepEqual(told, ['none', first.name, 'none', second.name]);
});

test('when the bus goes away every open call fails, whoever wants is told, and later calls fail at once', async (t) => {
  const { bus, connect } = await startBus(t);
  const service = await connect();
  // Answers nothing but says so when asked for properties, which the client reads first.
  service.addDispatcher((call) => (call.member === 'GetAll' ? undefined : new Promise(() => {})));
  await service.requestName(BUS_NAME);
  const client = await UpdaterClient.connect(bus.address);
  const closed = new Promise<void>((resolve) => client.onClose(resolve));
  const serviceClosed = new Promise<Error>((resolve) => service.onClose(resolve));
  const open = client.call('Verify', []);
  bus.process.kill('SIGKILL');
  await assert.rejects(open, { code: 'IoError' });
  await closed;
  assert.match((await serviceClosed).message, /went away|broke/);
  await assert.rejects(client.call('Cancel', []), { code: 'IoError' });
  await assert.rejects(service.callBus('GetId', '', []), { name: 'org.freedesktop.DBus.Error.Disconnected' });
  let late = 0;
  service.onClose(() => late++);
  assert.equal(late, 1);
  service.emitSignal({ path: '/x', interface: 'a.b', member: 'C', signature: '', body: [] });
});

test('a service that never answers ends in NoReply, and its answer later does no harm', async (t) => {
  const { connect } = await startBus(t);
  const [service, client] = [await connect(), await connect()];
  let answer = (_: { signature: string; body: readonly unknown[] }) => {};
  service.addDispatcher(() => new Promise((resolve) => (answer = resolve)));
  await service.requestName(BUS_NAME);
  await assert.rejects(client.call({ ...UPDATER_CALL, member: 'Slow', timeoutMs: 20 }), {
    name: 'org.freedesktop.DBus.Error.NoReply',
  });
  answer({ signature: 's', body: ['late'] });
  await service.callBus('GetId', '', []);
  assert.equal((await client.callBus('GetId', '', [])).length, 1);
});

test('an answer that its service cannot encode, or of another signature than wanted, is an error', async (t) => {
  const { connect } = await startBus(t);
  const [service, client] = [await connect(), await connect()];
  const answers = [
    { signature: 'u', body: ['no number'] },
    { signature: 's', body: ['fine'] },
  ];
  service.addDispatcher(async () => answers.shift() ?? assert.fail());
  await service.requestName(BUS_NAME);
  const call = { ...UPDATER_CALL, member: 'M', replySignature: 'u' };
  await assert.rejects(client.call(call), { name: 'org.freedesktop.DBus.Error.Failed', text: 'internal error' });
  await assert.rejects(client.call(call), /answered with "s" instead of "u"/);
});

test('no bus, a closing one, and a silent one are errors that name the address', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'socket with space');
  await assert.rejects(connectBus(unixAddress(path)), /no message bus at unix:path=.*socket%20with%20space/);
  await assert.rejects(connectBus('tcp:host=127.0.0.1,port=1'), /only unix:path/);
  await assert.rejects(UpdaterClient.connect(unixAddress(path)), { code: 'IoError' });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', () => socket.end('REJECTED EXTERNAL\r\n'));
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(path, { force: true });
  });
  await assert.rejects(connectBus(unixAddress(path)), /does not accept who we are|closed the connection/);
});

test('the client follows a daemon that comes, goes and comes again', async (t) => {
  const service = await startUpdaterOnBus();
  t.after(() => service.stop());
  const client = await UpdaterClient.connect(service.bus.address);
  t.after(() => client.close());
  assert.equal(client.present, true);
  const change = () =>
    new Promise<void>((resolve) => {
      const stop = client.onChange(() => {
        stop();
        resolve();
      });
    });
  let next = change();
  service.connection.close();
  await next;
  assert.equal(client.present, false);
  assert.deepEqual(client.properties, {});
  await assert.rejects(client.call('Cancel', []), { code: 'IoError', message: /daemon is not running/ });
  next = change();
  await echo(
    await connectBus(service.bus.address).then((again) => {
      t.after(() => again.close());
      again.addDispatcher((call) =>
        call.member === 'GetAll'
          ? Promise.resolve({
              signature: 'a{sv}',
              body: [
                {
                  State: { signature: 's', value: 'ready' },
                  BootedVersion: { signature: 's', value: 'wrong type' },
                  New: { signature: 'b', value: true },
                },
              ],
            })
          : undefined,
      );
      return again;
    }),
  );
  await next;
  assert.equal(client.present, true);
  assert.deepEqual({ ...client.properties }, { State: 'ready' });
});
