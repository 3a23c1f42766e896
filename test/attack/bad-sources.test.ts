/** Servers that lie, stall and trick: each is found out, dropped as it deserves, and the honest one still delivers. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Source } from '../../service/core/ports.ts';
import { SourceError, type SourceFault } from '../../service/core/source-error.ts';
import { FolderSource } from '../../service/fetch/folder-source.ts';
import { randomBlobs, realClock, repositoryOf, serve, type TestBlob } from '../helpers/blobs.ts';
import { type Fetched, fetching, httpSource } from '../helpers/fetch.ts';
import { httpServer, tcpServer } from '../helpers/http.ts';

const LIMITS = { stallMs: 1000, connectMs: 1000 };

interface Trap {
  readonly what: string;
  readonly reason: SourceFault;
  readonly listener: (bytes: Buffer) => RequestListener;
}

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
      response.end(gzipSync(Buffer.alloc(10_000_000)));
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

async function fetchPast(t: TestContext, bad: Source, blob: TestBlob): Promise<Fetched> {
  const honest = await serve(t, repositoryOf(t, [blob]));
  const f = fetching(t, [bad, httpSource(t, 'school', honest.url)]);
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  return f;
}

function oneBlob(sizeBytes: number): TestBlob {
  const [blob] = randomBlobs(1, sizeBytes);
  assert.ok(blob);
  return blob;
}

for (const { what, reason, listener } of TRAPS)
  for (const sizeBytes of [5000, 300_000])
    test(`${what}: ${reason} (${sizeBytes} bytes)`, async (t) => {
      const blob = oneBlob(sizeBytes);
      const bad = httpSource(t, 'peer', await httpServer(t, listener(blob.bytes)), LIMITS);
      const f = await fetchPast(t, bad, blob);
      assert.equal(f.troubles[0]?.id, bad.id);
      assert.equal(f.troubles[0]?.reason, reason, f.troubles[0]?.error.message);
      assert.equal(f.troubles[0]?.banned, reason === 'lied');
      assert.equal(f.ledger.isBanned(bad.id, realClock.monotonicMs()), reason === 'lied');
    });

test('a liar is not asked again the same day', async (t) => {
  const blobs = randomBlobs(30, 2000);
  let asked = 0;
  const url = await httpServer(t, (_request, response) => {
    asked += 1;
    response.end(Buffer.alloc(2000));
  });
  const honest = await serve(t, repositoryOf(t, blobs));
  const f = fetching(t, [httpSource(t, 'peer', url), httpSource(t, 'school', honest.url)]);
  const [first, ...rest] = blobs.map(({ ref }) => ref);
  assert.ok(first);
  await f.run([first]);
  assert.equal(asked, 1);
  await f.run(rest);
  assert.equal(asked, 1);
});

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
  const source = httpSource(t, 'peer', url, LIMITS);
  const lied = (error: unknown) => error instanceof SourceError && error.reason === 'lied';
  await assert.rejects(source.readDocument('images/xo/latest.pgp', 1000), lied);
  await assert.rejects(source.readBlob(oneBlob(1000).ref, 0).next(), lied);
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
    const f = await fetchPast(t, httpSource(t, 'peer', url, LIMITS), blob);
    assert.equal(f.troubles[0]?.reason, reason, answer.slice(0, 40));
  }
});

test('endless "100 Continue" does not pass for an answer', async (t) => {
  const blob = oneBlob(1000);
  const url = await tcpServer(t, (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  const f = await fetchPast(t, httpSource(t, 'peer', url, LIMITS), blob);
  assert.equal(f.troubles[0]?.reason, 'stalled');
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
  const f = await fetchPast(t, httpSource(t, 'peer', url, LIMITS), blob);
  assert.equal(f.troubles[0]?.reason, 'stalled');
});

/** Gives the first half of everything right, then breaks; or lies in what is asked for by range. */
function halves(blob: TestBlob, lie: 'in the first half' | 'in the second half'): RequestListener {
  const half = blob.bytes.length / 2;
  return (request, response) => {
    const resumed = request.headers.range !== undefined;
    if (resumed) {
      const from = Number(/=([0-9]+)-/.exec(request.headers.range ?? '')?.[1]);
      const size = blob.bytes.length;
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${size - 1}/${size}` });
      response.end(lie === 'in the second half' ? Buffer.alloc(size - from) : blob.bytes.subarray(from));
      return;
    }
    if (lie === 'in the second half') response.end(Buffer.concat([blob.bytes.subarray(0, half), Buffer.alloc(half)]));
    else {
      response.writeHead(200, { 'Content-Length': blob.bytes.length });
      response.write(Buffer.alloc(half), () => response.destroy());
    }
  };
}

test('a part of several givers that is wrong is thrown away, and only who lied alone is banned', async (t) => {
  const blob = oneBlob(400_000);
  // Eve gives a wrong first half and cuts; the honest school completes it; nobody can tell whose bytes were wrong.
  const eve = httpSource(t, 'peer', await httpServer(t, halves(blob, 'in the first half')), LIMITS);
  const honest = await serve(t, repositoryOf(t, [blob]));
  const school = httpSource(t, 'school', honest.url);
  const f = fetching(t, [eve, school]);
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  assert.ok(!f.ledger.isBanned(school.id, realClock.monotonicMs()), 'the honest one is not blamed');
});

test('who lies about the second half of what an earlier process left is found out', async (t) => {
  const blob = oneBlob(400_000);
  const eve = httpSource(t, 'peer', await httpServer(t, halves(blob, 'in the second half')), LIMITS);
  const honest = await serve(t, repositoryOf(t, [blob]));
  const f = fetching(t, [eve, httpSource(t, 'school', honest.url)]);
  const writer = await f.cache.openPart(blob.ref);
  writer.append(blob.bytes.subarray(0, 100_000));
  writer.close();
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  assert.ok(f.ledger.isBanned(eve.id, realClock.monotonicMs()));
});

test('when all lie, nothing is kept and nothing is believed', async (t) => {
  const blobs = [oneBlob(2000), oneBlob(200_000)];
  const liars = await Promise.all([1, 2, 3].map(() => httpServer(t, (_request, response) => response.end('lies'))));
  const f = fetching(
    t,
    liars.map((url) => httpSource(t, 'peer', url)),
  );
  await assert.rejects(f.run(blobs.map(({ ref }) => ref)), /2 of 2 blobs/);
  for (const { ref } of blobs) assert.ok(!f.cache.has(ref));
  assert.equal(f.cache.partialBytes(), 0);
});
