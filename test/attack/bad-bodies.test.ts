/** Servers whose bodies lie, stop or never end: each is found out, and the honest one still delivers. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SourceError, type SourceFault } from '../../service/core/source-error.ts';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { oneBlob, realClock, repositoryOf } from '../helpers/blobs.ts';
import { fetchPast, httpSource, IMPATIENT } from '../helpers/fetch.ts';
import { httpServer } from '../helpers/http.ts';

interface Trap {
  readonly what: string;
  readonly reason: SourceFault;
  readonly listener: (bytes: Buffer) => RequestListener;
}

/** Packed before anybody asks: on a busy machine that takes longer than a fetch waits. */
const BOMB = gzipSync(Buffer.alloc(10_000_000));

const TRAPS: readonly Trap[] = [
  {
    what: 'wrong bytes',
    reason: 'lied',
    listener: (bytes) => (_request, response) => response.end(Buffer.alloc(bytes.length, 7)),
  },
  {
    what: 'too many bytes, announced',
    reason: 'lied',
    listener: (bytes) => (_request, response) => response.end(Buffer.concat([bytes, Buffer.from('x')])),
  },
  {
    what: 'too many bytes, in chunks',
    reason: 'lied',
    listener: (bytes) => (_request, response) => {
      response.write(bytes);
      response.end('x');
    },
  },
  {
    what: 'too few bytes, announced',
    reason: 'lied',
    listener: (bytes) => (_request, response) => response.end(bytes.subarray(1)),
  },
  {
    what: 'too few bytes, in chunks',
    reason: 'lied',
    listener: (bytes) => (_request, response) => {
      response.write(bytes.subarray(1));
      response.end();
    },
  },
  {
    what: 'a body without end',
    reason: 'lied',
    listener: () => (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', more);
      more();
    },
  },
  {
    what: 'the login page of a network',
    reason: 'lied',
    listener: () => (_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<html>Please log in</html>');
    },
  },
  {
    what: 'a bomb in gzip',
    reason: 'unusable',
    listener: () => (_request, response) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.end(BOMB);
    },
  },
  {
    what: 'another range',
    reason: 'lied',
    listener: (bytes) => (_request, response) => {
      response.writeHead(206, { 'Content-Range': `bytes 1-${bytes.length}/${bytes.length + 1}` });
      response.end(bytes);
    },
  },
  {
    what: 'an error inside',
    reason: 'unusable',
    listener: () => (_request, response) => {
      response.statusCode = 500;
      response.end('stack');
    },
  },
  { what: 'no answer', reason: 'stalled', listener: () => () => {} },
  {
    what: 'a body that stops',
    reason: 'stalled',
    listener: (bytes) => (_request, response) => {
      response.writeHead(200, { 'Content-Length': bytes.length });
      response.write(bytes.subarray(0, 1000));
    },
  },
  {
    what: 'a connection cut in the body',
    reason: 'unreachable',
    listener: (bytes) => (_request, response) => {
      response.writeHead(200, { 'Content-Length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => response.destroy());
    },
  },
];

for (const { what, reason, listener } of TRAPS)
  for (const sizeBytes of [5000, 300_000])
    test(`${what}: ${reason} (${sizeBytes} bytes)`, async (t) => {
      const blob = oneBlob(sizeBytes);
      const bad = httpSource(t, 'peer', await httpServer(t, listener(blob.bytes)), IMPATIENT);
      const f = await fetchPast(t, bad, blob);
      assert.equal(f.troubles[0]?.id, bad.id);
      assert.equal(f.troubles[0]?.reason, reason, f.troubles[0]?.error.message);
      assert.equal(f.troubles[0]?.banned, reason === 'lied');
      assert.equal(f.ledger.isBanned(bad.id, realClock.monotonicMs()), reason === 'lied');
    });

test('a source never yields more bytes than were asked for, nor ends early in peace', async (t) => {
  const { ref, bytes } = oneBlob(1000);
  const long = await httpServer(t, (_request, response) => {
    response.write(bytes);
    setTimeout(() => response.end('x'), 20);
  });
  const short = await httpServer(t, (_request, response) => {
    response.write(bytes.subarray(1));
    response.end();
  });
  const folder = repositoryOf(t, []);
  writeFileSync(join(folder, 'blobs', ref.sha256), bytes.subarray(1));
  for (const source of [httpSource(t, 'peer', long), httpSource(t, 'peer', short), new FolderSource(folder)]) {
    let length = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of source.readBlob(ref, 0)) length += chunk.length;
      },
      (error) => error instanceof SourceError && error.reason === 'lied',
    );
    assert.ok(length <= 1000);
  }
});

test('a drip that never stalls is still too slow', async (t) => {
  const blob = oneBlob(100_000);
  const url = await httpServer(t, (_request, response) => {
    response.writeHead(200, { 'Content-Length': blob.bytes.length });
    let at = 0;
    const timer = setInterval(() => {
      response.write(blob.bytes.subarray(at, at + 1));
      at += 1;
    }, 20);
    response.on('close', () => clearInterval(timer));
  });
  const f = await fetchPast(t, httpSource(t, 'peer', url, IMPATIENT), blob);
  assert.equal(f.troubles[0]?.reason, 'stalled');
});
