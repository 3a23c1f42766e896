import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { startShareServer } from '../../service/share/server.ts';
import type { Content } from '../../service/store/content.ts';
import { FolderContent } from '../../service/store/folder-content.ts';
import { oneBlob, randomBlobs, repositoryOf, serve, silentLogger } from '../helpers/blobs.ts';
import { send } from '../helpers/http.ts';

test('gives blobs whole and in part, for ever, and counts what it gave', async (t) => {
  const blob = oneBlob(300_000);
  const server = await serve(t, repositoryOf(t, [blob]));
  const url = `${server.url}/blobs/${blob.ref.sha256}`;

  const whole = await send(url);
  assert.equal(whole.status, 200);
  assert.ok(whole.body.equals(blob.bytes));
  assert.equal(whole.headers['content-length'], '300000');
  assert.equal(whole.headers.etag, `"${blob.ref.sha256}"`);
  assert.equal(whole.headers['accept-ranges'], 'bytes');
  assert.match(whole.headers['cache-control'] ?? '', /immutable/);
  assert.equal(whole.headers.date, undefined);
  assert.equal(server.givenBytes(), 300_000);

  const part = await send(url, { Range: 'bytes=299990-' });
  assert.equal(part.status, 206);
  assert.equal(part.headers['content-range'], 'bytes 299990-299999/300000');
  assert.ok(part.body.equals(blob.bytes.subarray(299_990)));
  assert.equal(server.givenBytes(), 300_010);

  const tail = await send(url, { Range: 'bytes=-70000' });
  assert.ok(tail.body.equals(blob.bytes.subarray(230_000)));

  const outside = await send(url, { Range: 'bytes=300000-' });
  assert.equal(outside.status, 416);
  assert.equal(outside.headers['content-range'], 'bytes */300000');

  const changed = await send(url, { Range: 'bytes=10-', 'If-Range': '"other"' });
  assert.equal(changed.status, 200);
  assert.ok(changed.body.equals(blob.bytes));

  const before = server.givenBytes();
  const known = await send(url, { 'If-None-Match': `"${blob.ref.sha256}"` });
  assert.equal(known.status, 304);
  const head = await send(url, {}, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '300000');
  assert.equal(head.body.length, 0);
  assert.equal(server.givenBytes(), before);
});

test('documents are asked again each time, and have another tag when they changed', async (t) => {
  const folder = repositoryOf(t, []);
  const file = join(folder, 'images/xo/latest.pgp');
  writeFileSync(file, 'one');
  const server = await serve(t, folder);
  const first = await send(`${server.url}/images/xo/latest.pgp`);
  assert.equal(first.headers['cache-control'], 'no-cache');
  assert.equal(first.body.toString(), 'one');
  writeFileSync(file, 'two');
  const etag = first.headers.etag ?? '';
  const second = await send(`${server.url}/images/xo/latest.pgp`, { 'If-None-Match': etag });
  assert.equal(second.status, 200);
  assert.notEqual(second.headers.etag, etag);
});

test('empty blobs, diffs and bundles', async (t) => {
  const empty = oneBlob(0);
  const folder = repositoryOf(t, [empty]);
  const name = `${'a'.repeat(64)}-${'b'.repeat(64)}`;
  writeFileSync(join(folder, 'blobs', name), 'diff');
  writeFileSync(join(folder, 'bundles', name), 'bundle');
  const server = await serve(t, folder);
  const nothing = await send(`${server.url}/blobs/${empty.ref.sha256}`);
  assert.equal(nothing.status, 200);
  assert.equal(nothing.headers['content-length'], '0');
  assert.equal((await send(`${server.url}/blobs/${empty.ref.sha256}`, { Range: 'bytes=0-' })).status, 416);
  assert.equal((await send(`${server.url}/blobs/${name}`)).body.toString(), 'diff');
  assert.equal((await send(`${server.url}/bundles/${name}`)).body.toString(), 'bundle');
});

test('only GET and HEAD', async (t) => {
  const blob = oneBlob(10);
  const server = await serve(t, repositoryOf(t, [blob]));
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']) {
    const reply = await send(`${server.url}/blobs/${blob.ref.sha256}`, {}, method);
    // A method that has a body by nature is refused for the body it announces.
    assert.ok(reply.status === 405 || reply.status === 400, `${method}: ${reply.status}`);
    assert.equal(reply.body.length, 0);
    if (reply.status === 405) assert.equal(reply.headers.allow, 'GET, HEAD');
  }
});

test('all slots taken: 503 with Retry-After for blobs, while documents still come', async (t) => {
  const big = oneBlob(40 << 20);
  const folder = repositoryOf(t, [big]);
  writeFileSync(join(folder, 'keyring/1.pgp'), 'keys');
  const server = await serve(t, folder, { slots: 1, retryAfterSeconds: 7 });
  const path = `/blobs/${big.ref.sha256}`;

  const slow = connect(server.port, '127.0.0.1');
  t.after(() => slow.destroy());
  slow.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(slow, 'readable');

  const refused = await send(server.url + path);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '7');
  assert.equal((await send(`${server.url}/keyring/1.pgp`)).body.toString(), 'keys');
  assert.equal((await send(server.url + path, {}, 'HEAD')).status, 200, 'HEAD takes no slot');

  slow.destroy();
  let status = 503;
  for (let tries = 0; tries < 200 && status === 503; tries++) {
    status = (await send(server.url + path, { Range: 'bytes=0-9' })).status;
    if (status === 503) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(status, 206, 'a reader that went away gives its slot back');
});

test('a reader that stops reading is cut and frees its slot', async (t) => {
  const big = oneBlob(40 << 20);
  const server = await serve(t, repositoryOf(t, [big]), { slots: 1, stallMs: 100 });
  const stalled = connect(server.port, '127.0.0.1');
  stalled.on('error', () => {});
  t.after(() => stalled.destroy());
  stalled.write(`GET /blobs/${big.ref.sha256} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(stalled, 'readable');
  let status = 503;
  for (let tries = 0; tries < 200 && status === 503; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    status = (await send(`${server.url}/blobs/${big.ref.sha256}`, { Range: 'bytes=0-9' })).status;
  }
  assert.equal(status, 206);
  let came = 0;
  stalled.on('data', (chunk: Buffer) => {
    came += chunk.length;
  });
  await once(stalled, 'close');
  assert.ok(came < big.bytes.length, 'and its connection is gone');
});

test('a head that never ends is cut', async (t) => {
  const server = await serve(t, repositoryOf(t, []), { headTimeoutMs: 100 });
  const loris = connect(server.port, '127.0.0.1');
  loris.on('error', () => {});
  loris.write('GET /keyring/1.pgp HTTP/1.1\r\nHost: x\r\nX-A: ');
  loris.resume();
  await once(loris, 'close');
});

test('with a rate cap everything still arrives', async (t) => {
  const blobs = randomBlobs(3, 100_000);
  const server = await serve(t, repositoryOf(t, blobs), { rateBytesPerSecond: 200_000 });
  const replies = await Promise.all(blobs.map(({ ref }) => send(`${server.url}/blobs/${ref.sha256}`)));
  replies.forEach((reply, i) => {
    assert.ok(blobs[i] && reply.body.equals(blobs[i].bytes));
  });
});

test('content can be exchanged while it runs', async (t) => {
  const [old, young] = randomBlobs(2, 100);
  assert.ok(old && young);
  const server = await serve(t, repositoryOf(t, [old]));
  assert.equal((await send(`${server.url}/blobs/${young.ref.sha256}`)).status, 404);
  server.setContent(new FolderContent(repositoryOf(t, [young])));
  assert.equal((await send(`${server.url}/blobs/${young.ref.sha256}`)).status, 200);
});

test('an error inside is a bare 500, or a cut when the head is out', async (t) => {
  const fail = () => Promise.reject(new Error('secret /root/path'));
  const broken: Content = { open: fail };
  const server = await serve(t, repositoryOf(t, []), { content: broken });
  const reply = await send(`${server.url}/blobs/${'a'.repeat(64)}`);
  assert.equal(reply.status, 500);
  assert.equal(reply.body.length, 0);
  assert.ok(!JSON.stringify(reply.headers).includes('root'));
  let closed = 0;
  const shrinking: Content = {
    open: async () => ({
      sizeBytes: 100,
      etag: '"x"',
      immutable: true,
      read: fail,
      close: () => {
        closed += 1;
      },
    }),
  };
  server.setContent(shrinking);
  await assert.rejects(send(`${server.url}/blobs/${'a'.repeat(64)}`));
  assert.equal(closed, 1);
});

test('a port in use is one line that names it, and nothing stays open', async (t) => {
  const folder = repositoryOf(t, []);
  const first = await serve(t, folder);
  const second = startShareServer({
    host: ['127.0.0.2', '127.0.0.1'],
    port: first.port,
    content: new FolderContent(folder),
    slots: 1,
    retryAfterSeconds: 1,
    logger: silentLogger,
  });
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof RippleError);
    assert.equal(error.code, 'IoError');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1 port ${first.port}.*in use`));
    assert.ok(!error.message.includes('\n'));
    return true;
  });
  const again = await serve(t, folder, { host: '127.0.0.2', port: first.port });
  assert.equal(again.port, first.port);
});

test('listens on several addresses with one port', async (t) => {
  const folder = repositoryOf(t, []);
  mkdirSync(join(folder, 'keyring'), { recursive: true });
  writeFileSync(join(folder, 'keyring/1.pgp'), 'keys');
  const server = await serve(t, folder, { host: ['127.0.0.1', '127.0.0.3', '::1'] });
  for (const host of ['127.0.0.1', '127.0.0.3', '[::1]'])
    assert.equal((await send(`http://${host}:${server.port}/keyring/1.pgp`)).status, 200, host);
  await server.close();
  await assert.rejects(send(`${server.url}/keyring/1.pgp`));
});
