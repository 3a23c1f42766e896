/** Heads that lead elsewhere, never end or are no HTTP, and documents that are none. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { SourceError, type SourceFault } from '../../service/core/source-error.ts';
import { oneBlob, repositoryOf, serve } from '../helpers/blobs.ts';
import { fetchPast, httpSource, IMPATIENT } from '../helpers/fetch.ts';
import { httpServer, tcpServer } from '../helpers/http.ts';

test('redirects are not followed', async (t) => {
  const blob = oneBlob(1000);
  const target = await serve(t, repositoryOf(t, [blob]));
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await httpServer(t, (request, response) => {
      response.writeHead(status, { Location: `${target.url}${request.url}` });
      response.end();
    });
    const source = httpSource(t, 'origin', url);
    await assert.rejects(source.readDocument('keyring/1.pgp', 100), /redirects/);
    await assert.rejects(async () => {
      for await (const _ of source.readBlob(blob.ref, 0));
    }, /redirects/);
  }
  assert.equal(target.givenBytes(), 0);
});

test('documents without end, too long, or in HTML are refused', async (t) => {
  const listeners: RequestListener[] = [
    (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1000)));
      };
      response.on('drain', more);
      more();
    },
    (_request, response) => response.end(Buffer.alloc(1001)),
    (_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('hello');
    },
  ];
  for (const listener of listeners) {
    const source = httpSource(t, 'peer', await httpServer(t, listener));
    await assert.rejects(
      source.readDocument('images/xo/latest.pgp', 1000),
      (error) => error instanceof SourceError && error.reason === 'lied',
    );
  }
});

test('a length that is too long is refused before a byte of the body', async (t) => {
  const url = await tcpServer(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n'));
  });
  const source = httpSource(t, 'peer', url, IMPATIENT);
  const lied = (error: unknown) => error instanceof SourceError && error.reason === 'lied';
  await assert.rejects(source.readDocument('images/xo/latest.pgp', 1000), lied);
  await assert.rejects(source.readBlob(oneBlob(1000).ref, 0).next(), lied);
});

test('heads that never come, never end, are huge or are no HTTP', async (t) => {
  const blob = oneBlob(1000);
  const answers: [string, SourceFault][] = [
    ['', 'stalled'],
    ['HTTP/1.1 200 OK\r\nX: ', 'stalled'],
    [`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(10_000)}\r\n\r\n`, 'unreachable'],
    ['SSH-2.0-OpenSSH\r\n\r\n', 'unreachable'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 1000\r\n\r\n', 'unreachable'],
    ['HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n', 'unreachable'],
  ];
  for (const [answer, reason] of answers) {
    const url = await tcpServer(t, (socket) => {
      socket.once('data', () => socket.write(answer));
    });
    const f = await fetchPast(t, httpSource(t, 'peer', url, IMPATIENT), blob);
    assert.equal(f.troubles[0]?.reason, reason, answer.slice(0, 40));
  }
});

test('endless "100 Continue" does not pass for an answer', async (t) => {
  const blob = oneBlob(1000);
  const url = await tcpServer(t, (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  const f = await fetchPast(t, httpSource(t, 'peer', url, IMPATIENT), blob);
  assert.equal(f.troubles[0]?.reason, 'stalled');
});
