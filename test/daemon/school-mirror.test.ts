/** What a school server takes from its upstream: whole and checked, or nothing. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { Repository } from '../../service/store/repository.ts';
import { serve } from '../helpers/blobs.ts';
import { liarOver } from '../helpers/liar.ts';
import { manifestOf, type Published, signLatest } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { LARGE_BYTES, mirrorAt, offeredIn, publishNext, publishSeries, sameFile } from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';

let folder: string;
let published: Published;
const signal = new AbortController().signal;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'school-mirror');
  published = await publishSeries(folder, 7);
});

const upstream = (url: string): HttpSource => new HttpSource({ kind: 'origin', urls: [url] });
/** Another folder with the same in it, to go its own way. */
function copyOf(t: TestContext): Published {
  const copy = tempFolder(t, 'publisher');
  for (const name of ['repository', 'key', 'keyring.pgp'])
    cpSync(join(folder, name), join(copy, name), { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one.startsWith('tree-')))
    cpSync(join(folder, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  return { ...published, repository: join(copy, 'repository'), key: join(copy, 'key') };
}
const folderOf = ({ repository }: Published): string => join(repository, '..');
/** Everything that the newest version needs is there, as it is at the publisher's. */
function assertWhole(root: string, from: Published, version: number): void {
  const offered = offeredIn(root);
  for (const path of offered.filter((one) => !one.startsWith('bundles/')))
    assert.ok(sameFile(root, from.repository, path), path);
  assert.ok(offered.includes(`images/xo/${version}.pgp`));
  assert.ok(sameFile(root, from.repository, 'images/xo/latest.pgp'));
  const manifest = readFileSync(manifestOf(from, version), 'latin1');
  const hashes = [...manifest.matchAll(/sha256=([0-9a-f]{64})/g)].map(([, sha256 = '']) => sha256);
  for (const sha256 of hashes) assert.ok(offered.includes(`blobs/${sha256}`), sha256);
  assert.equal(statSync(join(root, 'blobs', hashes[0] ?? '')).mode & 0o777, 0o644, 'another server may read it');
}

test('from any static server: keyrings, the newest version whole, nothing twice', async (t) => {
  const site = await liarOver(t, published.repository, { about: /^$/, answer: () => {} });
  const { mirror, repository } = mirrorAt(tempFolder(t, 'school'), published);
  assert.equal(await mirror.follow(upstream(site.url), signal), true);
  assertWhole(repository, published, 7);
  assert.ok(sameFile(repository, published.repository, 'keyring/1.pgp'));
  assert.equal(offeredIn(repository).includes('images/xo/6.pgp'), false);
  const asked = site.asked.filter((path) => path.startsWith('/blobs/'));
  assert.equal(new Set(asked).size, asked.length);
  assert.equal(await mirror.follow(upstream(site.url), signal), false);
  assert.equal(mirror.isWhole(), true);
  assert.equal(site.asked.filter((path) => path.startsWith('/blobs/')).length, asked.length);
});

const LIES: readonly (readonly [string, RegExp, (bytes: Buffer) => Buffer | number, RegExp])[] = [
  ['a forged release', /7\.pgp/, (bytes) => flipped(bytes, bytes.length - 20), /signature|release/],
  ['a forged latest', /latest/, (bytes) => flipped(bytes, bytes.length - 20), /signature|latest/],
  ['another release', /7\.pgp/, () => readFileSync(join(published.repository, 'images/xo/6.pgp')), /version 6/],
  ['no release', /7\.pgp/, () => 404, /no release/],
  ['a wrong manifest', /manifest/, (bytes) => flipped(bytes, 100), /wrong bytes|blobs could not be had/],
  ['a wrong blob', /large/, (bytes) => flipped(bytes, 5), /wrong bytes|blobs could not be had/],
  ['a truncated blob', /large/, (bytes) => bytes.subarray(0, 400_000), /too few|blobs could not be had|length/],
  ['no such blob', /large/, () => 404, /blobs could not be had/],
];
for (const [name, about, lie, reason] of LIES)
  test(`${name}: nothing is given, and the next upstream is believed all the same`, async (t) => {
    const target = targetOf(about);
    const liar = await liarOver(t, published.repository, {
      about: target,
      answer: (bytes, response) => {
        const said = lie(bytes);
        if (typeof said === 'number') response.writeHead(said).end();
        else response.end(said);
      },
    });
    const { mirror, repository, log } = mirrorAt(tempFolder(t, 'school'), published);
    const thrown = await mirror.follow(upstream(liar.url), signal).then(
      () => assert.fail('it was believed'),
      (error: Error) => error,
    );
    assert.match(`${thrown.message} ${log.join('\n')}`, reason);
    assert.deepEqual(
      offeredIn(repository).filter((path) => path !== 'keyring/1.pgp'),
      [],
    );
    const honest = await serve(t, published.repository);
    assert.equal(await mirror.follow(upstream(honest.url), signal), true);
    assertWhole(repository, published, 7);
  });

function targetOf(about: RegExp): RegExp {
  const manifest = manifestOf(published, 7);
  if (about.source === 'manifest') return new RegExp(manifest.slice(-64));
  const large = /usr\/lib\/large .*sha256=([0-9a-f]{64})/.exec(readFileSync(manifest, 'latin1'))?.[1] ?? '';
  return about.source === 'large' ? new RegExp(large) : about;
}
function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('an older word of what is newest is no news, also after a restart; a keyring that moved on goes on at once', async (t) => {
  const site = copyOf(t);
  const root = tempFolder(t, 'school');
  const server = await serve(t, site.repository);
  const old = readFileSync(join(site.repository, 'images/xo/latest.pgp'));
  writeFileSync(
    join(site.repository, 'images/xo/latest.pgp'),
    await signLatest(site, { image: 'xo', version: 7, epoch: 9, issued: '2026-01-01T00:00:00Z' }),
  );
  assert.equal(await mirrorAt(root, site).mirror.follow(upstream(server.url), signal), true);
  const offered = offeredIn(root);
  writeFileSync(join(site.repository, 'images/xo/latest.pgp'), old);
  const again = mirrorAt(root, site);
  await assert.rejects(again.mirror.follow(upstream(server.url), signal), /something older/);
  assert.deepEqual(offeredIn(root), offered);
  assert.ok(!sameFile(root, site.repository, 'images/xo/latest.pgp'));
  const other = join(folderOf(site), 'other-key');
  await rippleOk(['keygen', '--out', other, '--name', 'Other']);
  const adding = ['add', '--role', 'order', `${other}.pub`, '--sign', site.key];
  await rippleOk(['keyring', ...adding, '--repo', site.repository]);
  await assert.rejects(again.mirror.follow(upstream(server.url), signal));
  assert.ok(sameFile(root, site.repository, 'keyring/2.pgp'));
});

test('bundles that are published come along, and spare the blobs; a wrong one is not kept', async (t) => {
  const site = copyOf(t);
  const server = await serve(t, site.repository);
  const { mirror, repository, log } = mirrorAt(tempFolder(t, 'school'), site);
  await mirror.follow(upstream(server.url), signal);
  await publishNext(folderOf(site), site, 8, true);
  const bundles = readdirSync(join(site.repository, 'bundles'));
  assert.ok(bundles.length > 0);
  const name = `${manifestOf(site, 7).slice(-64)}-${manifestOf(site, 8).slice(-64)}`;
  assert.ok(bundles.includes(name));
  const plain = await liarOver(t, site.repository, { about: /^$/, answer: () => {} });
  const liar = await liarOver(t, site.repository, {
    about: /bundles/,
    answer: (bytes, response) => response.end(flipped(bytes, bytes.length - 2000)),
  });
  const second = mirrorAt(tempFolder(t, 'school-2'), site);
  cpSync(repository, second.repository, { recursive: true });
  assert.equal(await mirror.follow(upstream(plain.url), signal), true);
  assertWhole(repository, site, 8);
  assert.deepEqual(readdirSync(join(repository, 'bundles')), [name]);
  assert.ok(sameFile(repository, site.repository, `bundles/${name}`));
  assert.match(log.join('\n'), /took a bundle from upstream/);
  assert.equal(plain.asked.filter((path) => path.startsWith('/blobs/')).length, 1, 'the manifest alone');
  const { mirror: other } = mirrorAt(second.repository, site);
  assert.equal(await other.follow(upstream(liar.url), signal), true);
  assertWhole(second.repository, site, 8);
  assert.deepEqual(
    offeredIn(second.repository).filter((path) => path.startsWith('bundles/')),
    [],
  );
});

test('the last versions are kept, and only what they need; what a crash left goes at the start', async (t) => {
  const site = copyOf(t);
  const server = await serve(t, site.repository);
  const root = tempFolder(t, 'school');
  const { mirror } = mirrorAt(root, site, { keep: 2 });
  for (const version of [7, 8, 9]) {
    if (version > 7) await publishNext(folderOf(site), site, version, true);
    await mirror.follow(upstream(server.url), signal);
    assertWhole(root, site, version);
  }
  const releases = () => offeredIn(root).filter((path) => /images\/xo\/[0-9]/.test(path));
  assert.deepEqual(releases(), ['images/xo/8.pgp', 'images/xo/9.pgp']);
  assertWhole(root, site, 9);
  const large = offeredIn(root).filter((path) => statSync(join(root, path)).size === LARGE_BYTES);
  assert.equal(large.length, 2);
  assert.deepEqual(offeredIn(root).filter((path) => path.startsWith('bundles/')).length, 1);
  // Its release went, and then the power.
  rmSync(join(root, 'images/xo/8.pgp'));
  writeFileSync(join(root, 'blobs', 'a'.repeat(64)), 'left over');
  const again = mirrorAt(root, site, { keep: 2 });
  await again.mirror.sweep();
  assertWhole(root, site, 9);
  assert.equal(offeredIn(root).filter((path) => statSync(join(root, path)).size === LARGE_BYTES).length, 1);
  assert.deepEqual(
    offeredIn(root).filter((path) => path.startsWith('bundles/')),
    [],
  );
});

test('nothing is removed while a release cannot be read, or while somebody publishes; other images stay', async (t) => {
  const server = await serve(t, published.repository);
  const { mirror, repository, log } = mirrorAt(tempFolder(t, 'school'), published);
  await mirror.follow(upstream(server.url), signal);
  const left = join(repository, 'blobs', 'b'.repeat(64));
  writeFileSync(left, 'left over');
  mkdirSync(join(repository, 'images/other'));
  writeFileSync(join(repository, 'images/other/3.pgp'), 'damaged');
  await mirror.sweep();
  assert.ok(existsSync(left));
  assert.match(log.join('\n'), /other\/3\.pgp cannot be read/);
  rmSync(join(repository, 'images/other/3.pgp'));
  const unlock = await new Repository(repository).lock();
  await mirror.sweep();
  assert.ok(existsSync(left));
  assert.match(log.join('\n'), /another program writes/);
  unlock();
  const offered = offeredIn(repository);
  const theirs = join(folder, 'tree-5');
  await rippleOk([
    'publish',
    theirs,
    '--repo',
    repository,
    '--image',
    'other',
    '--version',
    '1',
    '--key',
    published.key,
  ]);
  await mirror.sweep();
  assert.equal(existsSync(left), false);
  assert.ok(existsSync(manifestOf({ repository, image: 'other' }, 1)));
  assertAll(
    offered.filter((path) => path !== `blobs/${'b'.repeat(64)}`),
    repository,
  );
});

function assertAll(paths: readonly string[], root: string): void {
  for (const path of paths) assert.ok(existsSync(join(root, path)), path);
}

test('space is counted before a byte comes: older versions make room, what is newest never does', async (t) => {
  const site = copyOf(t);
  const server = await serve(t, site.repository);
  const root = tempFolder(t, 'school');
  const small = mirrorAt(root, site, { spaceBytes: LARGE_BYTES });
  await assert.rejects(small.mirror.follow(upstream(server.url), signal), /needed|space|room/i);
  assert.ok(server.givenBytes() < LARGE_BYTES / 2, 'manifest and notes alone');
  const two = { spaceBytes: 2 * LARGE_BYTES + 400_000 };
  assert.equal(await mirrorAt(root, site, two).mirror.follow(upstream(server.url), signal), true);
  for (const version of [8, 9]) {
    await publishNext(folderOf(site), site, version, false);
    assert.equal(await mirrorAt(root, site, two).mirror.follow(upstream(server.url), signal), true);
    assertWhole(root, site, version);
  }
  assert.deepEqual(
    offeredIn(root).filter((path) => /images\/xo\/[0-9]/.test(path)),
    ['images/xo/8.pgp', 'images/xo/9.pgp'],
  );
  // With room for one the next cannot come: 9 stays whole.
  await publishNext(folderOf(site), site, 10, false);
  const one = mirrorAt(root, site, { spaceBytes: LARGE_BYTES + 400_000 });
  await assert.rejects(one.mirror.follow(upstream(server.url), signal), { code: 'NoSpace' });
  assert.equal(one.mirror.isWhole(), false);
  assert.ok(existsSync(join(root, 'images/xo/9.pgp')));
});
