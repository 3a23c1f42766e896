/** The line before the slots of a school server, over real connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SCHOOL_LINE } from '../../service/core/waiting-line.ts';
import type { ShareServer } from '../../service/share/server.ts';
import { oneBlob, repositoryOf, serve } from '../helpers/blobs.ts';
import { send } from '../helpers/http.ts';
import { until } from '../helpers/until.ts';

const BIG = oneBlob(40 << 20);
const PATH = `/blobs/${BIG.ref.sha256}`;

/** Takes the one slot and reads no further. */
async function holdSlot(t: TestContext, { port }: ShareServer): Promise<Socket> {
  const slow = connect(port, '127.0.0.1');
  t.after(() => slow.destroy());
  slow.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(slow, 'readable');
  return slow;
}

function served(t: TestContext, line = SCHOOL_LINE): Promise<ShareServer> {
  return serve(t, repositoryOf(t, [BIG]), { slots: 1, retryAfterSeconds: 7, line });
}

test('who finds all slots taken waits, and is served when one is free, in order of coming', async (t) => {
  const server = await served(t, { places: 8, waitMs: 60_000 });
  const slow = await holdSlot(t, server);
  const order: number[] = [];
  const waiting: Promise<number>[] = [];
  for (let i = 0; i < 3; i++) {
    const before = server.waiting();
    waiting.push(
      send(server.url + PATH, { Range: `bytes=${i}-${i}` }).then(({ status }) => {
        order.push(i);
        return status;
      }),
    );
    await until(() => server.waiting() === before + 1);
  }
  assert.deepEqual(order, []);
  slow.destroy();
  assert.deepEqual(await Promise.all(waiting), [206, 206, 206]);
  assert.deepEqual(order, [0, 1, 2]);
});

test('whoever waits too long, and whoever finds the line full, is told when to come again', async (t) => {
  const server = await served(t, { places: 1, waitMs: 500 });
  await holdSlot(t, server);
  const first = send(server.url + PATH);
  await until(() => server.waiting() === 1);
  const second = await send(server.url + PATH);
  assert.equal(server.waiting(), 1, 'the first still waits when the second is refused');
  for (const { status, headers } of [second, await first]) {
    assert.equal(status, 503);
    assert.equal(headers['retry-after'], '7');
  }
  assert.equal(server.waiting(), 0);
});

test('a reader that goes away while it waits takes no slot', async (t) => {
  const server = await served(t, { places: 8, waitMs: 60_000 });
  const slow = await holdSlot(t, server);
  const impatient = connect(server.port, '127.0.0.1');
  impatient.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => server.waiting() === 1);
  impatient.destroy();
  await until(() => server.waiting() === 0);
  slow.destroy();
  assert.equal((await send(server.url + PATH, { Range: 'bytes=0-9' })).status, 206);
  assert.equal((await send(server.url + PATH, { Range: 'bytes=0-9' })).status, 206, 'and it is free again');
});
