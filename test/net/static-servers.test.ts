/** A repository behind the real nginx, asked with the real curl; and one that rsync carried. No daemon of ours gives it. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { serve } from '../helpers/blobs.ts';
import { nginxMissing, startNginx } from '../helpers/nginx.ts';
import { manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

const run = promisify(execFile);
let folder: string;
let published: Published;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'static');
  const size = { smallFiles: 20, largeFiles: 1, largeBytes: 150_000, changedOneIn: 2 };
  const trees = makeSeededTrees(folder, 9, size);
  published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
});

interface Answer {
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What `curl` makes of it. */
async function curl(url: string, ...args: readonly string[]): Promise<Answer> {
  const command = ['-sS', '--include', '--path-as-is', '--max-time', '60', ...args, url];
  const { stdout } = await run('curl', command, { encoding: 'buffer', maxBuffer: 1 << 26 });
  const end = stdout.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdout.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: first.split(' ')[1] ?? '', headers: Object.fromEntries(headers), body: stdout.subarray(end + 4) };
}

/** What both servers must agree on; a tag is each one's own. */
const COMPARED = ['content-length', 'content-range', 'cache-control', 'content-type', 'x-content-type-options'];
const facts = ({ status, headers, body }: Answer) => ({
  status,
  body,
  headers: Object.fromEntries(COMPARED.map((name) => [name, headers[name]])),
});

test('curl gets the same from nginx and from our own server', { skip: nginxMissing }, async (t) => {
  const [nginx, ours] = [await startNginx(t, published.repository), (await serve(t, published.repository)).url];
  const manifest = manifestOf(published, 7);
  const size = statSync(manifest).size;
  const paths = [`/blobs/${manifest.slice(-64)}`, '/images/xo/latest.pgp', '/images/xo/7.pgp', '/keyring/1.pgp'];
  const asked: readonly (readonly [string, readonly string[]])[] = [
    ...paths.map((path) => [path, []] as const),
    ...paths.map((path) => [path, ['--head']] as const),
    [paths[0] ?? '', ['--range', '10-99']],
    [paths[0] ?? '', ['--range', `${size - 5}-`]],
    [paths[0] ?? '', ['--range', '-7']],
    [paths[0] ?? '', ['--range', '0-4,10-14']],
    [paths[0] ?? '', ['--compressed']],
  ];
  for (const [path, args] of asked) {
    const [theirs, own] = [await curl(nginx + path, ...args), await curl(ours + path, ...args)];
    assert.deepEqual(facts(theirs), facts(own), `${path} ${args.join(' ')}`);
    assert.ok(theirs.headers.etag && own.headers.etag);
    // Times are whole seconds, and may be anything on a school's server: only the tag counts.
    const since = `If-Modified-Since: ${theirs.headers['last-modified']}`;
    assert.equal((await curl(nginx + path, '-H', since)).status, '200');
    if (args.length > 0) continue;
    for (const [url, tag] of [
      [nginx, theirs.headers.etag],
      [ours, own.headers.etag],
    ])
      assert.equal((await curl(`${url}${path}`, '-H', `If-None-Match: ${tag}`)).status, '304');
  }
  for (const url of [nginx, ours]) {
    const past = await curl(url + paths[0], '--range', `${size}-`);
    assert.equal(past.status, '416');
    assert.equal(past.headers['content-range'], `bytes */${size}`);
  }
});

test('nginx gives nothing else', { skip: nginxMissing }, async (t) => {
  const repository = join(tempFolder(t), 'repository');
  execFileSync('cp', ['-a', published.repository, repository]);
  const secret = join(repository, '../secret');
  writeFileSync(secret, 'secret');
  writeFileSync(join(repository, '.lock'), 'secret');
  writeFileSync(join(repository, 'keyring/2.pgp.pending'), 'secret');
  symlinkSync(secret, join(repository, 'blobs', 'a'.repeat(64)));
  const nginx = await startNginx(t, repository);
  const ours = (await serve(t, repository)).url;
  const manifest = manifestOf(published, 7).slice(-64);
  const nothing = [
    '/',
    '/blobs/',
    '/blobs',
    '/images/',
    '/images/xo/',
    '/.lock',
    '/keyring/2.pgp.pending',
    '/../secret',
    '/blobs/../../secret',
    '/blobs/%2e%2e/%2e%2e/secret',
    `/blobs/${'b'.repeat(64)}`,
    `/blobs/${manifest}/`,
    `/blobs/${manifest.toUpperCase()}x`,
    '/images/xo/07.pgp',
    '/nginx.conf',
  ];
  for (const path of nothing) {
    const { status, body } = await curl(nginx + path);
    assert.match(status, /^40[04]$/, path);
    assert.ok(!body.includes('secret'), path);
    assert.equal((await curl(ours + path)).status, '404', path);
  }
  const link = await curl(`${nginx}/blobs/${'a'.repeat(64)}`);
  assert.match(link.status, /^40[34]$/);
  assert.ok(!link.body.includes('secret'));
  for (const method of ['POST', 'PUT', 'DELETE'])
    assert.equal((await curl(`${nginx}/blobs/${manifest}`, '-X', method)).status, '405');
  const large = ['--data', 'x'.repeat(5000)];
  assert.equal((await curl(`${nginx}/blobs/${manifest}`, ...large)).status, '413');
});

test('nginx gives a packed file to who asks for one', { skip: nginxMissing }, async (t) => {
  const repository = join(tempFolder(t), 'repository');
  mkdirSync(join(repository, 'blobs'), { recursive: true });
  const [name, bytes] = ['c'.repeat(64), Buffer.from('again and '.repeat(1000))];
  writeFileSync(join(repository, 'blobs', name), bytes);
  writeFileSync(join(repository, 'blobs', `${name}.gz`), gzipSync(bytes));
  const nginx = await startNginx(t, repository);
  assert.equal(
    (await curl(`${nginx}/blobs/${name}`, '-H', 'Accept-Encoding: gzip')).headers['content-encoding'],
    'gzip',
  );
  assert.deepEqual((await curl(`${nginx}/blobs/${name}`, '--compressed')).body, bytes);
  assert.deepEqual((await curl(`${nginx}/blobs/${name}`)).body, bytes);
  assert.equal((await curl(`${nginx}/blobs/${name}.gz`)).status, '404');
});

test('a laptop updates from a repository that rsync carried and nginx gives', { skip: nginxMissing }, async (t) => {
  const carried = join(tempFolder(t), 'carried');
  execFileSync('rsync', ['-a', '--exclude=.*', `${published.repository}/`, carried]);
  assert.deepEqual(
    readFileSync(join(carried, 'images/xo/7.pgp')),
    readFileSync(join(published.repository, 'images/xo/7.pgp')),
  );
  const nginx = await startNginx(t, carried);
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(tempFolder(t), 'l'),
    config: { origins: [nginx] },
  });
  await laptop.virtual.start();
  await laptop.ok('check');
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
});
