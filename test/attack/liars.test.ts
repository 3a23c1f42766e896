/**
 * Neighbours that lie, against the real daemon: each is a real HTTP server, announced by real mDNS on loopback beside an
 * honest one. The update arrives, the liar is banned where it lied, and is not asked again.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { serve } from '../helpers/blobs.ts';
import { announce, endless, liarOver } from '../helpers/liar.ts';
import { type Published, publishTrees, signLatest, TestLaptop } from '../helpers/published.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

/** Other tests play on loopback as well: whoever follows another image is nobody's neighbour here. */
const IMAGE = `liars-${process.pid}`;
const LOOPBACK = {
  'discovery.kind': 'bonjour',
  'discovery.interfaces': ['127.0.0.1'],
  'fetch.stall_seconds': 2,
} as const;

let folder = '';
let published: Published;
/** Of somebody else, with a key that nobody here trusts. */
let forged: Published;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-liars-'));
  const trees = makeSeededTrees(folder, 3, SMALL_SIZE);
  const versions = [
    [6, trees.older],
    [7, trees.newer],
  ] as const;
  published = await publishTrees(join(folder, 'ours'), versions, IMAGE);
  forged = await publishTrees(join(folder, 'theirs'), versions, IMAGE);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Lie {
  readonly what: string;
  /** Answers for what it lies about; for the rest it is honest. */
  readonly about: RegExp;
  readonly answer: (bytes: Buffer, response: ServerResponse) => void;
  readonly state: 'banned' | 'online';
}

const BLOBS = /^\/blobs\//;
const LIES: readonly Lie[] = [
  { what: 'wrong bytes', about: BLOBS, answer: (bytes, to) => to.end(Buffer.alloc(bytes.length, 1)), state: 'banned' },
  {
    what: 'too many bytes',
    about: BLOBS,
    answer: (bytes, to) => to.end(Buffer.concat([bytes, bytes])),
    state: 'banned',
  },
  {
    what: 'too many bytes that were not announced',
    about: BLOBS,
    answer: (bytes, to) => {
      to.write(bytes);
      to.end('more');
    },
    state: 'banned',
  },
  { what: 'too few bytes', about: BLOBS, answer: (bytes, to) => to.end(bytes.subarray(1)), state: 'banned' },
  { what: 'nothing at all', about: BLOBS, answer: () => {}, state: 'online' },
  {
    what: 'half of it, and then nothing',
    about: BLOBS,
    answer: (bytes, to) => {
      to.setHeader('Content-Length', bytes.length);
      to.write(bytes.subarray(0, bytes.length / 2));
    },
    state: 'online',
  },
  {
    what: 'the login page of a network for everything',
    about: /./,
    answer: (_bytes, to) => {
      to.setHeader('Content-Type', 'text/html');
      to.end('<html><body>Please log in</body></html>');
    },
    state: 'banned',
  },
  {
    what: 'a release that somebody else signed',
    about: /\/7\.pgp$/,
    answer: (_bytes, to) => to.end(readFileSync(join(forged.repository, `images/${IMAGE}/7.pgp`))),
    state: 'banned',
  },
  {
    what: 'a statement of the newest that somebody else signed',
    about: /latest\.pgp$/,
    answer: (_bytes, to) => to.end(readFileSync(join(forged.repository, `images/${IMAGE}/latest.pgp`))),
    state: 'banned',
  },
  {
    what: 'a release that says version 7 and was signed as version 6',
    about: /\/7\.pgp$/,
    answer: (_bytes, to) => to.end(readFileSync(join(published.repository, `images/${IMAGE}/6.pgp`))),
    state: 'banned',
  },
  { what: 'documents without end', about: /\.pgp$/, answer: (_bytes, to) => endless(to), state: 'banned' },
];

async function laptopAmong(t: TestContext): Promise<TestLaptop> {
  const laptop = await TestLaptop.make(t, { folder: join(tempFolder(t), 'laptop'), published, config: LOOPBACK });
  await laptop.virtual.start();
  return laptop;
}

async function untilSeen(laptop: TestLaptop, ...ids: readonly string[]): Promise<void> {
  await until(async () => {
    const { peers } = await laptop.status();
    return ids.every((id) => peers.some((peer) => peer.id === id && peer.state !== 'away'));
  });
}

for (const lie of LIES) {
  test(`a neighbour gives ${lie.what}: the update comes from the honest one`, async (t) => {
    const honest = await serve(t, published.repository);
    const lying = await liarOver(t, published.repository, lie);
    await announce(t, IMAGE, lying.url, { id: 'bad0', name: 'Liar' });
    await announce(t, IMAGE, honest.url, { id: 'good0', name: 'Honest' });
    const laptop = await laptopAmong(t);
    await untilSeen(laptop, 'bad0', 'good0');
    await laptop.ok('check');
    await laptop.ok('get', '7');
    laptop.assertTree(published, 7);
    // Fewer neighbours have it now, and the laptop may be looking again because of that.
    await until(async () => (await laptop.status()).state === 'ready');
    const { peers, progress } = await laptop.status();
    assert.ok(lying.asked.length > 0, 'it was asked');
    assert.equal(peers.find(({ id }) => id === 'bad0')?.state, lie.state);
    assert.equal(peers.find(({ id }) => id === 'good0')?.state, 'online');
    assert.ok(honest.givenBytes() > 0, JSON.stringify(progress));
    if (lie.state !== 'banned') return;
    lying.asked.length = 0;
    await laptop.ok('check');
    await laptop.ok('get', '7');
    assert.deepEqual(lying.asked, [], 'a liar is not asked again');
  });
}

test('a neighbour that says what was newest before, and one that announces what nobody has, harm nobody', async (t) => {
  const honest = await serve(t, published.repository);
  // What the publisher said before there was a version 7.
  const said = await signLatest(published, { image: IMAGE, version: 6, epoch: 1, issued: '2024-01-01T00:00:00Z' });
  const old = await liarOver(t, published.repository, {
    about: /latest\.pgp$/,
    answer: (_bytes, to) => to.end(said),
  });
  const boaster = await liarOver(t, published.repository, { about: /^$/, answer: () => {} });
  await announce(t, IMAGE, honest.url, { id: 'good0' });
  await announce(t, IMAGE, old.url, { id: 'old0', version: 6 });
  await announce(t, IMAGE, boaster.url, { id: 'boast0', version: 99 });
  const laptop = await laptopAmong(t);
  await untilSeen(laptop, 'good0', 'old0', 'boast0');
  await laptop.ok('check');
  const again: { versions: { version: number }[] } = JSON.parse(await laptop.ok('check', '--json'));
  assert.deepEqual(
    again.versions.map(({ version }) => version),
    [7],
  );
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  const { peers } = await laptop.status();
  assert.ok(
    peers.every(({ state }) => state === 'online'),
    'being behind, or wrong about oneself, is no lie about bytes',
  );
  const refused = await laptop.run('get', '99');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /version 99/);
});

test('all lie: it fails with the right word, what runs is as it was, and an honest one that comes ends it', async (t) => {
  const lying = await liarOver(t, published.repository, {
    about: BLOBS,
    answer: (bytes, to) => to.end(Buffer.alloc(bytes.length, 1)),
  });
  await announce(t, IMAGE, lying.url, { id: 'bad0' });
  const laptop = await laptopAmong(t);
  await untilSeen(laptop, 'bad0');
  const failed = await laptop.run('get', '7');
  assert.equal(failed.status, 1);
  assert.match(
    failed.stderr,
    /^ripple get: nobody near who can be believed \(1 gave wrong bytes\) has version 7[^\n]*\n$/,
  );
  const told = await laptop.status();
  assert.deepEqual(
    [told.state, told.lastError.code, told.bootedVersion, told.stagedVersion],
    ['failed', 'NoSource', 6, 0],
  );
  laptop.assertTree(published, 6);
  const given = await fetch(`${laptop.virtual.url}/images/${IMAGE}/6.pgp`);
  assert.equal(given.status, 200, 'it still gives what it runs');
  const honest = await serve(t, published.repository);
  await announce(t, IMAGE, honest.url, { id: 'good0' });
  await untilSeen(laptop, 'good0');
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
});

test('only a forged release far and wide: SignatureInvalid', async (t) => {
  const whole = await serve(t, forged.repository);
  await announce(t, IMAGE, whole.url, { id: 'bad0' });
  const laptop = await laptopAmong(t);
  await untilSeen(laptop, 'bad0');
  const failed = await laptop.run('check');
  assert.equal(failed.status, 1);
  const told = await laptop.status();
  assert.deepEqual([told.state, told.lastError.code], ['failed', 'SignatureInvalid']);
  assert.deepEqual(told.versions, []);
  const again = await laptop.run('check');
  assert.match(again.stderr, /nobody near can be believed/);
});
