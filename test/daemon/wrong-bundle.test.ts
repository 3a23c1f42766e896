/** Whole laptops whose server has a wrong bundle, or a right one: all arrive at the same version. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { liarOver } from '../helpers/liar.ts';
import { IMAGE, manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

let published: Published;
let folder: string;
let right: Buffer;
let backwards: Buffer;
let name: string;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'wrong-bundle');
  const size = { smallFiles: 10, largeFiles: 4, largeBytes: 150_000, changedOneIn: 9 };
  const { older, newer } = makeSeededTrees(folder, 3, size);
  published = await publishTrees(folder, [[6, older]]);
  const publishing = ['publish', '--repo', published.repository, '--image', IMAGE, '--key', published.key];
  await rippleOk([...publishing, newer, '--version', '7', '--diff-from', '6']);
  await rippleOk([...publishing, older, '--version', '6', '--diff-from', '7']);
  const bundles = join(published.repository, 'bundles');
  const shaOf = (version: number): string => manifestOf(published, version).slice(-64);
  name = `${shaOf(6)}-${shaOf(7)}`;
  right = readFileSync(join(bundles, name));
  backwards = readFileSync(join(bundles, `${shaOf(7)}-${shaOf(6)}`));
});

async function update(t: Parameters<typeof liarOver>[0], what: string, bundle: Buffer) {
  const server = await liarOver(t, published.repository, {
    about: /^\/bundles\//,
    answer: (_bytes, response) => response.end(bundle),
  });
  // Whoever lied is left alone for a while; the other one gives whole blobs.
  const honest = await liarOver(t, published.repository, {
    about: /^\/bundles\//,
    answer: (_bytes, response) => response.writeHead(404).end(),
  });
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, what),
    config: { origins: what === 'right' ? [server.url] : [server.url, honest.url] },
  });
  await laptop.virtual.start();
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  const log = readFileSync(laptop.virtual.logFile, 'utf8');
  const kept = readdirSync(join(laptop.virtual.sysroot, 'ripple/bundles'));
  const blobs = readdirSync(join(laptop.virtual.sysroot, 'ripple/blobs'));
  await laptop.virtual.stop();
  return { server, honest, log, kept, blobs };
}

test('from a cold start an update is two requests, release and bundle, after the question for newer keys', async (t) => {
  const { server, kept, blobs } = await update(t, 'right', right);
  assert.deepEqual(server.asked, ['/keyring/2.pgp', `/images/${IMAGE}/7.pgp`, `/bundles/${name}`]);
  assert.deepEqual(kept, [name], 'it can be given on');
  assert.equal(blobs.length, 1, 'the notes');
});

test('a wrong bundle leads to whole blobs and the right tree; its giver is left alone', async (t) => {
  const flipped = Buffer.from(right);
  flipped[right.length >> 1] = (flipped[right.length >> 1] ?? 0) ^ 8;
  const wrong: Readonly<Record<string, Buffer>> = {
    'wrong content': flipped,
    truncated: right.subarray(0, right.length - 9),
    'of another pair': backwards,
    garbage: Buffer.alloc(5000, 'RIPBUND'),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    const { server, honest, log, kept, blobs } = await update(t, what, bytes);
    assert.match(log, new RegExp(`id="${server.url}" banned=true`), what);
    const gave = server.asked.filter((path) => path.startsWith('/blobs/'));
    assert.deepEqual(gave, [], `${what}: nothing more is asked of it`);
    assert.ok(
      honest.asked.some((path) => path.startsWith('/blobs/')),
      what,
    );
    assert.deepEqual(kept, [], `${what}: it must not be given on`);
    assert.equal(blobs.length, 1, `${what}: nothing of it stays`);
  }
});
