import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Signal } from '../../dbus/connection.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { startBus } from '../helpers/bus-connections.ts';

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
