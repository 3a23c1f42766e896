import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echo, startBus, UPDATER_CALL } from '../helpers/bus-connections.ts';

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
