import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asRippleError, type RippleError } from '../../../service/api/errors.ts';
import type { Source } from '../../../service/core/ports.ts';
import { Memory } from '../../../service/daemon/memory.ts';
import { OrderKeeper } from '../../../service/daemon/order-keeper.ts';
import { TrustKeeper } from '../../../service/daemon/trust-keeper.ts';
import { Layout } from '../../../service/deploy/layout.ts';
import { FolderSource } from '../../../service/fetch/folder-source.ts';
import { formatOrder, type Order } from '../../../service/image/documents.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { keyringPayload, sign, signedRelease, type TestKey, testKey } from '../../helpers/trust.ts';
import { until } from '../../helpers/until.ts';

const quiet = { info: () => {}, warn: () => {} };
const signal = new AbortController().signal;
const ORDER: Order = {
  image: 'xo',
  version: 7,
  epoch: 5,
  when: 'now',
  deadline: '2024-03-06T15:00:00Z',
  canaries: 0,
  haltAfter: 2,
  allowDowngrade: false,
  classes: ['*'],
};
const order = (key: TestKey, change: Partial<Order> = {}, day = 3): Promise<Uint8Array> =>
  sign(formatOrder({ ...ORDER, ...change }), [key], day);

/** A laptop whose keyring knows a root and a teacher; `carriers` are its neighbours. */
async function laptop(t: TestContext, teacherOptions: { readonly expiresInDays?: number } = {}) {
  const folder = tempFolder(t);
  const [root, teacher] = [await testKey('root'), await testKey('teacher', teacherOptions)];
  const first = keyringPayload(1, { root: { keys: [root.publicKey] }, order: { keys: [teacher.publicKey] } });
  const installed = join(folder, 'keyring.pgp');
  writeFileSync(installed, await sign(first, [root], 1));
  const layout = new Layout(join(folder, 'sysroot'));
  mkdirSync(layout.state, { recursive: true });
  const carriers: { source: Source; epoch: number }[] = [];
  const blamed: RippleError[] = [];
  const open = async () => {
    const memory = Memory.open(layout.stateFile);
    const trust = TrustKeeper.open(installed, layout, memory, quiet);
    let nowMs = 0;
    const keeper = new OrderKeeper({
      image: 'xo',
      trust,
      memory,
      sources: {
        orderCarriers: (above) => carriers.filter((one) => one.epoch > above),
        blame: (_source, error) => blamed.push(error),
      },
      fileOf: (epoch) => layout.order('xo', epoch),
      clock: { monotonicMs: () => (nowMs += 60_000), wallMs: () => 0 },
      logger: quiet,
    });
    t.after(() => keeper.stop());
    const heard: boolean[] = [];
    keeper.onChange((isNew) => heard.push(isNew));
    await keeper.start();
    return { keeper, memory, trust, heard };
  };
  const kept = (): readonly string[] =>
    existsSync(dirname(layout.order('xo', 1))) ? readdirSync(dirname(layout.order('xo', 1))) : [];
  const source = (name: string, files: Readonly<Record<string, Uint8Array>>): FolderSource => {
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), bytes);
    }
    return new FolderSource(join(folder, name));
  };
  const neighbour = (epoch: number, bytes: Uint8Array, files: Readonly<Record<string, Uint8Array>> = {}): void => {
    const given = source(`neighbour-${carriers.length}`, { [`images/xo/orders/${epoch}.pgp`]: bytes, ...files });
    carriers.push({ source: given, epoch });
  };
  return { root, teacher, open, kept, neighbour, source, blamed, layout };
}

test('an order is kept, told once, there after a restart, and replaced by a higher number only', async (t) => {
  const { open, teacher, kept } = await laptop(t);
  const { keeper, heard } = await open();
  const fifth = await order(teacher);
  await keeper.publish(fifth);
  await keeper.publish(fifth);
  assert.deepEqual([keeper.epoch, heard, kept()], [5, [true], ['xo.5.pgp']]);
  await assert.rejects(keeper.publish(await order(teacher, { epoch: 4 })), { code: 'OrderRefused', message: /older/ });
  await assert.rejects(keeper.publish(await order(teacher, { version: 8 })), {
    code: 'OrderRefused',
    message: /higher/,
  });
  assert.equal(keeper.standing()?.order.version, 7);

  const next = await open();
  assert.deepEqual([next.keeper.epoch, next.heard], [5, []]);
  await next.keeper.publish(await order(teacher, { epoch: 6, classes: [] }));
  assert.deepEqual([next.keeper.epoch, kept()], [6, ['xo.6.pgp']]);
});

test('what no teacher signed for this image does nothing and is not kept', async (t) => {
  const { open, root, teacher, kept } = await laptop(t);
  const { keeper, memory, heard } = await open();
  const good = await order(teacher);
  const tampered = Uint8Array.from(good);
  tampered[40] = (tampered[40] ?? 0) ^ 1;
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['a stranger', await order(await testKey('stranger')), 'SignatureInvalid'],
    ['a key of another role', await order(root), 'SignatureInvalid'],
    ['another image', await order(teacher, { image: 'other' }), 'SignatureInvalid'],
    ['changed on the way', tampered, ''],
    ['another document', await signedRelease([teacher], 2), 'InvalidArgument'],
    ['no document', Buffer.from('now!'), 'SignatureInvalid'],
    ['a number no path can say', await order(teacher, { epoch: 1_000_000_000 }), 'OrderRefused'],
  ];
  for (const [what, bytes, code] of cases) {
    const refused = await keeper.publish(bytes).then(() => undefined, asRippleError);
    assert.ok(refused, what);
    if (code !== '') assert.equal(refused.code, code, what);
    assert.deepEqual([keeper.standing(), memory.state.orderEpoch, kept(), heard], [undefined, 0, [], []], what);
  }
});

test('the order of a key that expired before something newer was signed is dropped', async (t) => {
  const { open, root, teacher, source, kept } = await laptop(t, { expiresInDays: 20 });
  const { keeper, trust } = await open();
  await keeper.publish(await order(teacher));
  await trust.release(source('later', { 'images/xo/7.pgp': await signedRelease([root], 30) }), 'xo', 7, 0, signal);
  await assert.rejects(keeper.publish(await order(teacher, { epoch: 6 })), /expired/);
  assert.equal((await open()).keeper.epoch, 0);
  assert.deepEqual(kept(), []);
});

test('a revoked key: its order is dropped at once, and its number forgotten', async (t) => {
  const { open, root, teacher, source, kept } = await laptop(t);
  const { keeper, trust, memory, heard } = await open();
  await keeper.publish(await order(teacher, { epoch: 999_999 }));
  const successor = await testKey('successor');
  const roles = { root: { keys: [root.publicKey] }, order: { keys: [successor.publicKey] } };
  await trust.advance(source('news', { 'keyring/2.pgp': await sign(keyringPayload(2, roles), [root], 9) }), signal);
  await until(() => keeper.standing() === undefined);
  assert.deepEqual([kept(), heard, memory.state.orderEpoch], [[], [true, false], 0]);
  await keeper.publish(await order(successor, { epoch: 1 }, 10));
  assert.equal(keeper.epoch, 1);
});

test('a higher number is fetched from a neighbour, with the keyring it needs; a number seen never falls', async (t) => {
  const { open, root, teacher, neighbour, kept } = await laptop(t);
  const { keeper, memory } = await open();
  await keeper.publish(await order(teacher));
  const successor = await testKey('successor');
  const roles = { root: { keys: [root.publicKey] }, order: { keys: [teacher.publicKey, successor.publicKey] } };
  const keyring = await sign(keyringPayload(2, roles), [root], 9);
  neighbour(5, await order(teacher, { version: 9 }));
  neighbour(8, await order(successor, { epoch: 8, version: 8 }, 10), { 'keyring/2.pgp': keyring });
  keeper.neighboursChanged();
  await until(() => keeper.epoch === 8);
  assert.deepEqual([kept(), memory.state.orderEpoch], [['xo.8.pgp'], 8]);
  assert.equal(keeper.standing()?.order.version, 8);
});

test('a neighbour that gives a forged, another or no order is named, and the next one is asked', async (t) => {
  const { open, root, teacher, neighbour, blamed, source } = await laptop(t);
  const { keeper } = await open();
  neighbour(9, await order(root, { epoch: 9 }));
  neighbour(8, await order(teacher, { epoch: 7 }));
  neighbour(7, Buffer.alloc(0));
  neighbour(6, await order(teacher, { epoch: 6 }));
  keeper.neighboursChanged();
  await until(() => keeper.epoch === 6);
  assert.match(blamed[0]?.message ?? '', /may not sign for the role order/);
  assert.match(blamed[1]?.message ?? '', /gives order 7 for order 8/);
  assert.equal(blamed.length, 3);
  assert.ok(source);
});

test('what was damaged on the disk is not used, and is asked for again by its number', async (t) => {
  const { open, teacher, neighbour, layout } = await laptop(t);
  const good = await order(teacher);
  await (await open()).keeper.publish(good);
  writeFileSync(layout.order('xo', 5), good.subarray(0, 50));
  const { keeper, memory } = await open();
  assert.deepEqual([keeper.epoch, memory.state.orderEpoch], [0, 5]);
  neighbour(5, good);
  keeper.neighboursChanged();
  await until(() => keeper.epoch === 5);
});
