import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UpdaterClient } from '../../dbus/client.ts';
import { decodeLaptops, decodeOrder } from '../../dbus/decode.ts';
import { BUS_NAME, CLASSROOM, CLASSROOM_INTERFACE, OBJECT_PATH } from '../../service/api/description.ts';
import { RippleError } from '../../service/api/errors.ts';
import type { LaptopInfo, OrderInfo } from '../../service/api/model.ts';
import { interfaceXml } from '../../service/api/xml.ts';
import { ScriptedClassroom } from '../../service/demo/scripted/scripted-classroom.ts';
import { IS_ROOT, output, outputAs } from '../helpers/as-user.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { until } from '../helpers/until.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const NEEDS_ROOT = IS_ROOT ? false : 'only root can call as other users';
const ANA: LaptopInfo = {
  id: 'a1',
  name: 'Ana',
  colours: '#005fe4,#fffa00',
  version: 6,
  state: 'fetching',
  progress: 40,
  lastSeen: 1_770_000_000,
  stuck: false,
  error: '',
};
const ORDER: OrderInfo = {
  version: 7,
  epoch: 3,
  when: 'now',
  deadline: 1_770_003_600,
  classes: ['4b'],
  waits: 'canaries',
};

async function start(t: TestContext, classroom?: ScriptedClassroom) {
  const service = await startUpdaterOnBus({}, {}, classroom);
  const client = await UpdaterClient.connect(service.bus.address);
  t.after(async () => {
    client.close();
    await service.stop();
  });
  return { ...service, client };
}

test('the class is told laptop by laptop, and read back as it was given', async (t) => {
  const classroom = new ScriptedClassroom([ANA]);
  const { client, bus } = await start(t, classroom);
  assert.deepEqual(decodeLaptops(client.classroom?.Laptops ?? []), [ANA]);
  const away: LaptopInfo = { ...ANA, state: 'away', stuck: true, error: 'NoSpace' };
  classroom.set(away);
  await until(() => decodeLaptops(client.classroom?.Laptops ?? [])[0]?.state === 'away');
  assert.deepEqual(decodeLaptops(client.classroom?.Laptops ?? []), [away]);

  const live = await output('gdbus', [
    ...['introspect', '--address', bus.address, '--dest', BUS_NAME],
    ...['--object-path', OBJECT_PATH, '--xml'],
  ]);
  assert.ok(live.includes(interfaceXml(CLASSROOM)));
  const file = readFileSync(join(PROJECT_ROOT, 'assets/dbus/org.laptop.Ripple1.xml'), 'utf8');
  assert.ok(file.includes(interfaceXml(CLASSROOM)), 'run node scripts/generate-dbus-xml.mjs');
});

test('an order goes through byte for byte, and a refusal comes back with its reason', async (t) => {
  const classroom = new ScriptedClassroom();
  const { client, bus } = await start(t, classroom);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  await client.publishOrder(bytes);
  assert.deepEqual(classroom.orders, [bytes]);
  classroom.respond = () => Promise.reject(new RippleError('OrderRefused', 'order 2 for xo: epoch 2 is older than 3'));
  await assert.rejects(client.publishOrder(bytes), { code: 'OrderRefused', message: /epoch 2 is older/ });
  classroom.respond = async () => {};
  const at = [`--address=${bus.address}`, 'call', BUS_NAME, OBJECT_PATH, CLASSROOM_INTERFACE, 'PublishOrder'];
  await output('busctl', [...at, 'ay', '3', '1', '2', '3']);
  assert.deepEqual(classroom.orders.at(-1), Uint8Array.of(1, 2, 3));
  await assert.rejects(output('busctl', [...at, 's', 'order']), /takes "ay"/);
  await assert.rejects(client.publishOrder(new Uint8Array(70_000)), /70004 bytes/);
});

test('who is not allowed to order anything is heard by nobody', { skip: NEEDS_ROOT }, async (t) => {
  const classroom = new ScriptedClassroom();
  const { bus } = await start(t, classroom);
  const at = [`--address=${bus.address}`, 'call', BUS_NAME, OBJECT_PATH, CLASSROOM_INTERFACE, 'PublishOrder'];
  const nobody = { user: 'nobody', group: 'nogroup' };
  await assert.rejects(
    outputAs(nobody, 'busctl', [...at, 'ay', '1', '1']),
    /NotAuthorized|org\.laptop\.ripple1\.order/,
  );
  assert.deepEqual(classroom.orders, []);
});

test('a laptop that teaches nobody has no class', async (t) => {
  const { client } = await start(t);
  assert.equal(client.classroom, undefined);
  await assert.rejects(client.publishOrder(new Uint8Array(1)), /no interface/);
});

test('the order that stands crosses the bus, and none is none', async (t) => {
  const { client, updater } = await start(t);
  assert.equal(decodeOrder(client.properties.Order), null);
  updater.set({ order: ORDER });
  await until(() => decodeOrder(client.properties.Order) !== null);
  assert.deepEqual(decodeOrder(client.properties.Order), ORDER);
  const received: unknown[] = [];
  client.onSignal('OrderReceived', (order) => received.push(decodeOrder(order)));
  updater.tell({ name: 'OrderReceived', order: ORDER });
  await until(() => received.length === 1);
  assert.deepEqual(received, [ORDER]);
});
