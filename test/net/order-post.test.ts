/** Orders over the network, as curl(1) sends them, and the status of a machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { RippleError } from '../../service/api/errors.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { formatReport, type LaptopReport, parseReport } from '../../service/image/report.ts';
import { OrderPost } from '../../service/share/order-post.ts';
import { startShareServer } from '../../service/share/server.ts';
import { silentLogger } from '../helpers/blobs.ts';
import { send, sendRaw } from '../helpers/http.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';

interface Posted {
  readonly status: number;
  readonly line: string;
}

async function post(url: string, file: string, ...more: readonly string[]): Promise<Posted> {
  const args = ['-s', '--max-time', '20', '-w', '\\n%{http_code}', '--data-binary', `@${file}`, ...more, url];
  const { stdout } = await promisify(execFile)('curl', args, { timeout: 30_000 });
  const lines = stdout.trim().split('\n');
  return { status: Number(lines.pop()), line: lines.join('\n').trim() };
}

const NOTHING = { open: async () => undefined };

async function serving(t: TestContext, publish: (bytes: Uint8Array) => Promise<void>) {
  const orders = new OrderPost('xo', publish);
  const options = { host: '127.0.0.1', port: 0, slots: 1, retryAfterSeconds: 1, logger: silentLogger };
  const server = await startShareServer({ ...options, content: NOTHING, orders });
  t.after(() => server.close());
  return server;
}

test('a school server takes an order that the role signed, keeps and serves it; whatever is wrong is one line', async (t) => {
  const folder = tempFolder(t);
  const file = (name: string): string => join(folder, name);
  for (const key of ['root', 'teacher', 'stranger']) await rippleOk(['keygen', '--out', file(`${key}.key`)]);
  const repository = file('repository');
  await rippleOk([
    ...['keyring', 'init', '--repo', repository, '--root', file('root.key')],
    ...['--order', file('teacher.key.pub')],
  ]);
  const order = (key: string, epoch: number, version = 7, image = 'xo'): Promise<string> =>
    rippleOk([
      ...['order', `${version}`, '--image', image, '--epoch', `${epoch}`, '--key', file(`${key}.key`)],
      ...['--out', file(`${key}-${epoch}-${version}-${image}`)],
    ]);
  await order('teacher', 3);
  await order('teacher', 2);
  await order('teacher', 3, 8);
  await order('stranger', 9);
  await order('root', 9);
  await order('teacher', 9, 7, 'other');
  const school = new VirtualLaptop({
    folder: file('school'),
    config: {
      role: 'school',
      image: 'xo',
      repository,
      keyring: file('none'),
      'discovery.kind': 'none',
      'bus.address': 'none',
    },
  });
  t.after(() => school.stop());
  await school.start();
  const url = `${school.url}/images/xo/orders`;
  assert.deepEqual(await post(url, file('teacher-3-7-xo')), { status: 201, line: 'the order stands' });
  const served = await send(`${url}/3.pgp`);
  assert.ok(served.body.equals(readFileSync(file('teacher-3-7-xo'))));
  writeFileSync(file('nonsense'), 'now!');
  const cases = [
    ['teacher-2-7-xo', 409, /epoch 2 is older than 3/],
    ['teacher-3-8-xo', 409, /another order 3 already/],
    ['stranger-9-7-xo', 403, /not in the keyring/],
    ['root-9-7-xo', 403, /may not sign for the role order/],
    ['teacher-9-7-other', 403, /is for the image "other"/],
    ['nonsense', 400, /./],
  ] as const;
  for (const [name, status, words] of cases) {
    const answer = await post(url, file(name));
    assert.equal(answer.status, status, `${name}: ${answer.line}`);
    assert.match(answer.line, words);
    assert.equal(answer.line.split('\n').length, 1);
  }
  // As after a restart.
  await school.restart();
  assert.equal((await send(`${school.url}/images/xo/orders/3.pgp`)).status, 200);
  assert.equal((await post(`${school.url}/images/xo/orders`, file('teacher-2-7-xo'))).status, 409);
  assert.equal(existsSync(join(repository, 'images/xo/orders/9.pgp')), false);
  assert.equal((await send(`${school.url}/.school/ripple/state.json`)).status, 404);
});

test('its body is bounded, its rate is limited, and nothing else takes a POST', async (t) => {
  const taken: number[] = [];
  const server = await serving(t, async (bytes) => {
    taken.push(bytes.length);
    if (bytes.length === 2) throw new RippleError('OrderRefused', 'two\nlines');
  });
  const file = join(tempFolder(t), 'order');
  const url = `${server.url}/images/xo/orders`;
  const posting = (bytes: number, ...more: readonly string[]): Promise<Posted> => {
    writeFileSync(file, 'o'.repeat(bytes));
    return post(url, file, ...more);
  };
  assert.equal((await posting(65_536, '-H', 'Expect: 100-continue')).status, 201);
  assert.equal((await posting(65_537)).status, 413);
  assert.equal((await posting(10, '-H', 'Transfer-Encoding: chunked')).status, 411);
  assert.deepEqual(await posting(2), { status: 409, line: 'two lines' });
  assert.equal((await post(`${server.url}/images/other/orders`, file)).status, 404);
  assert.equal((await post(`${server.url}/images/xo/latest.pgp`, file)).status, 400);
  assert.match(await sendRaw(server.port, 'POST /status HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1.1 405 /);
  const many = await Promise.all(Array.from({ length: 20 }, () => send(url, { 'Content-Length': '0' }, 'POST')));
  const statuses = many.map(({ status }) => status);
  assert.ok(statuses.includes(429));
  assert.ok(taken.length < 16, `${taken.length}`);
});

const REPORT: LaptopReport = {
  ...{ id: 'a1', image: 'xo', version: 6, state: 'fetching', progress: 40, error: 'NoSpace', rolledBackFrom: 7 },
  ...{ orderEpoch: 3, name: 'Ana', colours: '#005fe4,#fffa00' },
};

test('a status needs no slot, is made once a second, and a report is read only as it must be', async (t) => {
  let made = 0;
  const server = await startShareServer({
    ...{ host: '127.0.0.1', port: 0, slots: 1, retryAfterSeconds: 1, logger: silentLogger, content: NOTHING },
    status: () => {
      made += 1;
      return formatReport(REPORT);
    },
  });
  t.after(() => server.close());
  const answers = await Promise.all([1, 2, 3].map(() => send(`${server.url}/status`)));
  for (const { status, body, headers } of answers) {
    assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
    assert.deepEqual(parseReport(body), REPORT);
  }
  assert.ok(made <= 2);
  assert.equal((await send(`${server.url}/status`, {}, 'HEAD')).body.length, 0);
  for (const wrong of [{ id: '../x' }, { progress: 101 }, { state: 'asleep' }, { error: 'Boom' }, { colours: 'red' }])
    assert.throws(() => parseReport(Buffer.from(JSON.stringify({ ...REPORT, ...wrong }))), { code: 'InvalidArgument' });
  assert.throws(() => parseReport(Buffer.alloc(5000, ' ')), /at most 4096/);
});
