import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectBus } from '../../../dbus/connection.ts';
import { Metered } from '../../../service/daemon/metered.ts';
import { NetworkManagerOnBus, networkManagerPolicy } from '../../helpers/network-manager.ts';
import { startPrivateBus } from '../../helpers/private-bus.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { until } from '../../helpers/until.ts';

test('metered as NetworkManager says, from when it comes until it goes', async (t) => {
  const bus = await startPrivateBus({ policyFiles: [networkManagerPolicy(tempFolder(t))] });
  t.after(() => bus.stop());
  const connection = await connectBus(bus.address);
  t.after(() => connection.close());
  const metered = new Metered();
  metered.follow(connection);
  assert.equal(metered.isMetered, false, 'nobody says so');
  const manager = await NetworkManagerOnBus.start(bus.address, 1);
  await until(() => metered.isMetered);
  for (const [value, expected] of [
    [2, false],
    [3, true],
    [4, false],
    [1, true],
    [0, false],
    [1, true],
  ] as const) {
    manager.set(value);
    await until(() => metered.isMetered === expected);
  }
  manager.stop();
  await until(() => !metered.isMetered);
  const again = await NetworkManagerOnBus.start(bus.address, 3);
  t.after(() => again.stop());
  await until(() => metered.isMetered);
});
