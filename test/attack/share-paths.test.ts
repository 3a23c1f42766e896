/** What a stranger can do to a laptop that shares: nothing outside the shapes of a repository comes out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomBlobs, repositoryOf, serve } from '../helpers/blobs.ts';
import { send, sendRaw } from '../helpers/http.ts';

const SECRET = 'the secret of the laptop';
const A = 'a'.repeat(64);

test('no spelling of a path reaches anything outside', async (t) => {
  const folder = repositoryOf(t, []);
  writeFileSync(join(folder, 'secret'), SECRET);
  writeFileSync(join(folder, 'blobs', 'secret'), SECRET);
  writeFileSync(join(folder, 'blobs', `${A}.part`), SECRET);
  writeFileSync(join(folder, '..', 'ripple-test-secret'), SECRET);
  t.after(() => rmSync(join(folder, '..', 'ripple-test-secret'), { force: true }));
  const server = await serve(t, folder);
  const targets = [
    '/',
    '/.',
    '/..',
    '//',
    '/secret',
    '/blobs',
    '/blobs/',
    '/blobs/secret',
    `/blobs/${A}.part`,
    '/blobs/../secret',
    '/blobs/%2e%2e/secret',
    '/blobs/..%2fsecret',
    '/blobs/..%5csecret',
    '/blobs/..\\secret',
    '/blobs/....//secret',
    '/blobs/%252e%252e%252fsecret',
    '/blobs/..;/secret',
    '/blobs/%c0%ae%c0%ae/secret',
    '/blobs/../../ripple-test-secret',
    '/../ripple-test-secret',
    '/images/../secret',
    '/images/xo/../../secret',
    '/images/xo/7.pgp/../../../secret',
    `/blobs/${A}/../secret`,
    `/blobs/${A}%00`,
    `/blobs/${A}?`,
    `/blobs/${A}#`,
    '/etc/passwd',
    '/proc/self/environ',
    `http://x/blobs/secret`,
    'file:///etc/passwd',
    '*',
    'secret',
  ];
  for (const target of targets) {
    const reply = await sendRaw(server.port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(reply, /^HTTP\/1\.1 40[04] /, target);
    assert.ok(!reply.includes('secret'), target);
    assert.match(reply, /Content-Length: 0\r\n/i, target);
  }
});

test('links and things that are no files are not there', async (t) => {
  const [blob] = randomBlobs(1, 10);
  assert.ok(blob);
  const folder = repositoryOf(t, [blob]);
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, '7.pgp'), SECRET);
  writeFileSync(join(outside, A), SECRET);
  symlinkSync(join(outside, A), join(folder, 'blobs', A));
  symlinkSync(outside, join(folder, 'images', 'evil'));
  symlinkSync('../../outside/7.pgp', join(folder, 'images/xo/7.pgp'));
  mkdirSync(join(folder, 'blobs', 'b'.repeat(64)));
  execFileSync('mkfifo', [join(folder, 'blobs', 'c'.repeat(64))]);
  const server = await serve(t, folder);
  const paths = [
    `blobs/${A}`,
    'images/evil/7.pgp',
    'images/xo/7.pgp',
    `blobs/${'b'.repeat(64)}`,
    `blobs/${'c'.repeat(64)}`,
  ];
  for (const path of paths) assert.equal((await send(`${server.url}/${path}`)).status, 404, path);
  assert.equal((await send(`${server.url}/blobs/${blob.ref.sha256}`)).status, 200);
});

test('a folder that is exchanged for a link while it is served gives nothing of the other side', async (t) => {
  const [blob] = randomBlobs(1, 10);
  assert.ok(blob);
  const folder = repositoryOf(t, [blob]);
  const server = await serve(t, folder);
  const other = repositoryOf(t, [blob]);
  rmSync(join(folder, 'blobs'), { recursive: true });
  symlinkSync(join(other, 'blobs'), join(folder, 'blobs'));
  assert.equal((await send(`${server.url}/blobs/${blob.ref.sha256}`)).status, 404);
});

test('requests with bodies, broken heads and giant heads are refused without an answer worth having', async (t) => {
  const [blob] = randomBlobs(1, 10);
  assert.ok(blob);
  const server = await serve(t, repositoryOf(t, [blob]));
  const path = `/blobs/${blob.ref.sha256}`;
  const bad = [
    `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`,
    `GET ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\n\r\n`,
    `GET ${path} HTTP/9.9\r\nHost: x\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n`,
    `PUT ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    'CONNECT example.org:80 HTTP/1.1\r\nHost: x\r\n\r\n',
    'nonsense\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
  ];
  for (const request of bad) {
    const reply = await sendRaw(server.port, request);
    assert.ok(!reply.includes('HTTP/1.1 200'), request.slice(0, 60));
    assert.ok(!reply.includes('HTTP/1.1 100'), request.slice(0, 60));
    const [, body = ''] = reply.split('\r\n\r\n');
    // '0' is the end of an empty body in chunks.
    assert.ok(body === '' || body === '0', request.slice(0, 60));
  }
  assert.equal((await send(server.url + path)).status, 200, 'and it goes on');
});

test('many ranges in one request cost no more than one answer', async (t) => {
  const [blob] = randomBlobs(1, 1000);
  assert.ok(blob);
  const server = await serve(t, repositoryOf(t, [blob]));
  const ranges = `bytes=${Array.from({ length: 500 }, (_, i) => `${i}-`).join(',')}`;
  const reply = await send(`${server.url}/blobs/${blob.ref.sha256}`, { Range: ranges });
  assert.equal(reply.status, 200);
  assert.equal(reply.body.length, 1000);
});
