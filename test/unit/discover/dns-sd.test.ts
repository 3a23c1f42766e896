import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuery, readResponse, serviceRecords } from '../../../service/discover/dns-sd.ts';
import { formatTxt } from '../../../service/discover/txt.ts';
import { txtRecord } from '../../helpers/neighbours.ts';
import { seeded } from '../../helpers/random.ts';

const service = { record: txtRecord({ id: 'Abc' }), port: 8100 };
const records = serviceRecords(service, ['10.0.0.7', '10.0.0.8']);
const INSTANCE = 'ripple-abc._ripple._tcp.local';
const asks = (name: string, type: string, more: object = {}) =>
  readQuery({ questions: [{ name, type, class: 'IN' }], ...more }, 'Abc');

test('our records can be read by ourselves', () => {
  const heard = readResponse({ answers: records });
  assert.deepEqual([...heard.keys()], [INSTANCE]);
  assert.deepEqual(heard.get(INSTANCE), { listed: true, port: 8100, strings: formatTxt(service.record) });
});

test('what only we may say replaces what was said before; the shared pointer does not', () => {
  assert.deepEqual(
    records.map(({ type, flush }) => [type, flush ?? false]),
    [
      ['PTR', false],
      ['SRV', true],
      ['TXT', true],
      ['A', true],
      ['A', true],
    ],
  );
});

test('a goodbye is the pointer without time to live', () => {
  const heard = readResponse({ answers: records.map((record) => ({ ...record, ttl: 0 })) });
  assert.deepEqual(heard.get(INSTANCE), { goodbye: true });
});

test('a question is answered when it asks for something of ours, in any case of letters', () => {
  for (const [name, type] of [
    ['_ripple._tcp.local', 'PTR'],
    ['_RIPPLE._tcp.LOCAL', 'ANY'],
    [INSTANCE, 'SRV'],
    ['ripple-Abc._ripple._tcp.local', 'TXT'],
    ['ripple-abc.local', 'A'],
  ] as const)
    assert.equal(asks(name, type).forUs, true, `${name} ${type}`);
  for (const [name, type] of [
    ['_http._tcp.local', 'PTR'],
    ['_ripple._tcp.local', 'A'],
    ['ripple-other._ripple._tcp.local', 'SRV'],
    ['', 'ANY'],
  ] as const)
    assert.equal(asks(name, type).forUs, false, `${name} ${type}`);
});

test('who knows us already gets no answer, and who asks for everybody counts as having asked for the room', () => {
  const answers = [{ ...records[0], ttl: 4000 }];
  assert.deepEqual(asks('_ripple._tcp.local', 'PTR', { answers }).forUs, false);
  assert.deepEqual(asks('_ripple._tcp.local', 'PTR', { answers: [{ ...records[0], ttl: 1000 }] }).forUs, true);
  assert.equal(asks('_ripple._tcp.local', 'PTR').forEverybody, true);
  assert.equal(asks('_ripple._tcp.local', 'PTR', { answers }).forEverybody, false);
  assert.equal(asks(INSTANCE, 'SRV').forEverybody, false);
});

test('a TXT record alone is an update of what was heard before', () => {
  const heard = readResponse({ answers: records.filter((record) => record.type === 'TXT') });
  assert.deepEqual(heard.get(INSTANCE), { strings: formatTxt(service.record) });
});

test('packets of any shape are read without harm', () => {
  const random = seeded(5353);
  const odd = (): unknown =>
    random.pick<() => unknown>([
      () => undefined,
      () => null,
      () => -1,
      () => 70_000,
      () => '',
      () => INSTANCE,
      () => '_ripple._tcp.local',
      () => 'PTR',
      () => 'SRV',
      () => 'TXT',
      () => [odd(), odd()],
      () => ({ port: odd(), target: odd() }),
      () => random.bytes(4),
    ])();
  for (let round = 0; round < 20_000; round++) {
    const record = () => ({ name: odd(), type: odd(), ttl: odd(), data: odd(), class: odd() });
    const packet = { questions: [record(), odd()], answers: [record(), odd()], additionals: odd() };
    readQuery(packet, 'Abc');
    for (const { port, strings } of readResponse(packet).values()) {
      assert.ok(port === undefined || (port > 0 && port < 65_536));
      assert.ok(strings === undefined || strings.every((one) => one instanceof Uint8Array));
    }
  }
  readResponse(undefined);
  readQuery('', 'Abc');
});

test('a packet with very many instances is read up to a bound', () => {
  const answers = Array.from({ length: 5_000 }, (_, index) => ({
    name: '_ripple._tcp.local',
    type: 'PTR',
    ttl: 120,
    data: `n${index}._ripple._tcp.local`,
  }));
  assert.ok(readResponse({ answers }).size <= 256);
});
