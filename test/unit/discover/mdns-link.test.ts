import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { type DnsRecord, SERVICE_QUESTION, serviceRecords } from '../../../service/discover/dns-sd.ts';
import { type MdnsHandlers, MdnsLink } from '../../../service/discover/mdns-link.ts';
import { txtRecord } from '../../helpers/neighbours.ts';

const LINK = { name: 'eth0', addresses: ['10.0.0.1'], subnets: ['10.0.0.1/24'], fingerprint: '' };
const QUERY = { questions: [{ ...SERVICE_QUESTION, class: 'IN' }] };

/** A link on wires of the test's own, with time that passes only when told. */
class Bench {
  readonly said: (readonly DnsRecord[])[] = [];
  readonly sighted: string[] = [];
  readonly doubted: string[] = [];
  asked = 0;
  #nowMs = 0;
  wire: MdnsHandlers | undefined;
  readonly link: MdnsLink;

  constructor(t: TestContext) {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    const events = {
      sighted: (_: readonly Uint8Array[], url: string) => void this.sighted.push(url),
      listed: () => {},
      doubted: (url: string) => void this.doubted.push(url),
    };
    const service = { record: txtRecord({ id: 'me' }), port: 8100 };
    this.link = new MdnsLink(
      LINK,
      service,
      events,
      () => this.#nowMs,
      (_, handlers) => {
        this.wire = handlers;
        return {
          ask: async () => void this.asked++,
          say: async (records) => void this.said.push(records),
          close: async () => {},
        };
      },
    );
    void this.link.start();
    this.pass(20_000);
    this.said.length = 0;
    this.asked = 0;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.#nowMs += 10;
      mock.timers.tick(10);
    }
  }

  hear(id: string, from: string, ttl = 120): void {
    const records = serviceRecords({ record: txtRecord({ id }), port: 8200 }, [from]);
    this.wire?.response({ answers: ttl === 0 ? records.map((one) => ({ ...one, ttl })) : records }, from);
  }
}

test('a thousand questions in a second get one answer', (t) => {
  const bench = new Bench(t);
  for (let question = 0; question < 1_000; question++) {
    bench.wire?.query(QUERY, '10.0.0.9');
    if (question % 10 === 0) bench.pass(10);
  }
  assert.ok(bench.said.length <= 2, `${bench.said.length} answers`);
  bench.pass(1_200);
  assert.ok(bench.said.length >= 1);
});

test('packets from off the link are not heard', (t) => {
  const bench = new Bench(t);
  bench.wire?.query(QUERY, '203.0.113.1');
  bench.hear('far', '203.0.113.1');
  bench.pass(3_000);
  assert.deepEqual([bench.said.length, bench.sighted], [0, []]);
  bench.hear('near', '10.0.0.7');
  assert.deepEqual(bench.sighted, ['http://10.0.0.7:8200']);
});

test('at rest the room is asked once in some minutes, and not at all by us when another asks', (t) => {
  const bench = new Bench(t);
  bench.pass(3_600_000);
  assert.ok(bench.asked >= 9 && bench.asked <= 16, `${bench.asked} questions in an hour`);
  bench.asked = 0;
  for (let minute = 0; minute < 60; minute++) {
    bench.wire?.query(QUERY, '10.0.0.9');
    bench.pass(60_000);
  }
  assert.equal(bench.asked, 0);
});

test('who does not answer when the room is asked is doubted, once', (t) => {
  const bench = new Bench(t);
  bench.hear('gone', '10.0.0.7');
  bench.hear('here', '10.0.0.8');
  bench.pass(60_000);
  bench.wire?.query(QUERY, '10.0.0.9');
  bench.hear('here', '10.0.0.8');
  bench.pass(60_000);
  bench.wire?.query(QUERY, '10.0.0.9');
  bench.hear('here', '10.0.0.8');
  bench.pass(60_000);
  assert.deepEqual(bench.doubted, ['http://10.0.0.7:8200']);
});

test('a goodbye raises a doubt about everybody of that name, and is contradicted when it is ours', (t) => {
  const bench = new Bench(t);
  bench.hear('x', '10.0.0.7');
  bench.hear('x', '10.0.0.66', 0);
  assert.deepEqual(bench.doubted, ['http://10.0.0.7:8200']);
  bench.hear('me', '10.0.0.66', 0);
  bench.pass(1_500);
  assert.equal(bench.said.length, 1);
});

test('a flood of names is held up to a bound', (t) => {
  const bench = new Bench(t);
  for (let name = 0; name < 2_000; name++) bench.hear(`n${name}`, '10.0.0.66');
  assert.equal(bench.sighted.length, 512);
});
