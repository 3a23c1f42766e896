import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import { socketPath } from '../../dbus/address.ts';
import { UpdaterClient } from '../../dbus/client.ts';
import { authenticate, encodeMessage, MESSAGE_FLAG, MESSAGE_TYPE } from '../../dbus/wire.ts';
import { BUS_NAME } from '../../service/api/description.ts';
import { echo, startBus, UPDATER_CALL } from '../helpers/bus-connections.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

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
