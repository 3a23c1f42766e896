import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { unixAddress } from '../../dbus/address.ts';
import { UpdaterClient } from '../../dbus/client.ts';
import { connectBus } from '../../dbus/connection.ts';
import { BUS_NAME } from '../../service/api/description.ts';
import { echo, startBus } from '../helpers/bus-connections.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

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
