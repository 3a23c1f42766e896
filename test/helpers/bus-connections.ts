/** Connections to a bus of their own, and a service that echoes. */
import type { TestContext } from 'node:test';
import { type BusConnection, connectBus, type IncomingCall } from '../../dbus/connection.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';
import { type PrivateBus, startPrivateBus } from './private-bus.ts';

/** What a call to the updater begins with. */
export const UPDATER_CALL = { destination: BUS_NAME, path: OBJECT_PATH, interface: UPDATER_INTERFACE } as const;

/** A private bus, and connections to it that are closed with it after the test. */
export async function startBus(t: TestContext): Promise<{ bus: PrivateBus; connect: () => Promise<BusConnection> }> {
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

/** Makes `connection` the updater, who answers every call with what it got; resolves with the calls that came. */
export async function echo(connection: BusConnection): Promise<IncomingCall[]> {
  const calls: IncomingCall[] = [];
  connection.addDispatcher((call) => {
    if (call.path !== OBJECT_PATH) return undefined;
    calls.push(call);
    return Promise.resolve().then(() => ({ signature: call.signature, body: call.body() }));
  });
  await connection.requestName(BUS_NAME);
  return calls;
}
