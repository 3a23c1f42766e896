/** What a school server keeps, what goes, and when a version does not come in. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Repository } from '../../service/store/repository.ts';
import { roomBytes } from '../../service/sys/disk-room.ts';
import { serve } from '../helpers/blobs.ts';
import { fileSystemMissing, mountFileSystem } from '../helpers/file-systems.ts';
import { liarOver } from '../helpers/liar.ts';
import { manifestOf, type Published } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import {
  assertWhole,
  copyOf,
  folderOf,
  LARGE_BYTES,
  mirrorAt,
  offeredIn,
  publishNext,
  publishSeries,
  upstream,
} from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';

let folder: string;
let published: Published;
const signal = new AbortController().signal;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'school-keeps');
  published = await publishSeries(folder, 7);
});

test('the last versions are kept, and only what they need; what a crash left goes at the start', async (t) => {
  const site = copyOf(t, folder, published);
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
  mkdirSync(join(repository, 'images/other'), { recursive: true });
  writeFileSync(join(repository, 'images/other/3.pgp'), 'damaged');
  await mirror.follow(upstream(server.url), signal);
  assertWhole(repository, published, 7, /other/);
  const left = join(repository, 'blobs', 'b'.repeat(64));
  writeFileSync(left, 'left over');
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
  const site = copyOf(t, folder, published);
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

test('a disk that gets full: older versions make room, and with no room for the next what is newest stays', {
  skip: fileSystemMissing('ext4'),
}, async (t) => {
  const site = copyOf(t, folder, published);
  const server = await serve(t, site.repository);
  const root = join(mountFileSystem(t, 'ext4', 40 << 20), 'school');
  mkdirSync(root);
  const fill = (name: string, leaveBytes: number): void =>
    writeFileSync(join(root, '..', name), Buffer.alloc(Math.max(0, roomBytes(root) - leaveBytes)));
  fill('others', 2_000_000);
  for (const version of [7, 8, 9]) {
    if (version > 7) await publishNext(folderOf(site), site, version, false);
    await mirrorAt(root, site, { keep: 9 }).mirror.follow(upstream(server.url), signal);
    assertWhole(root, site, version);
  }
  const releases = () => offeredIn(root).filter((path) => /images\/xo\/[0-9]/.test(path));
  assert.deepEqual(releases(), ['images/xo/8.pgp', 'images/xo/9.pgp']);
  rmSync(join(root, 'images/xo/8.pgp'));
  const last = mirrorAt(root, site, { keep: 9 });
  await last.mirror.sweep();
  fill('more', 300_000);
  await publishNext(folderOf(site), site, 10, false);
  const given = server.givenBytes();
  await assert.rejects(last.mirror.follow(upstream(server.url), signal), { code: 'NoSpace' });
  assert.ok(server.givenBytes() - given < 100_000);
  assert.deepEqual(releases(), ['images/xo/9.pgp']);
  assertWhole(root, { ...site, repository: root }, 9);
});

test('while somebody publishes nothing comes in, and what came is kept for the next look', async (t) => {
  const server = await serve(t, published.repository);
  const { mirror, repository } = mirrorAt(tempFolder(t, 'school'), published);
  await mirror.follow(upstream(server.url), signal);
  rmSync(join(repository, 'images'), { recursive: true });
  rmSync(join(repository, 'blobs'), { recursive: true });
  const unlock = await new Repository(repository).lock();
  await assert.rejects(mirror.follow(upstream(server.url), signal), { code: 'Busy' });
  assert.deepEqual(offeredIn(repository), ['keyring/1.pgp']);
  unlock();
  const given = server.givenBytes();
  assert.equal(await mirror.follow(upstream(server.url), signal), true);
  assertWhole(repository, published, 7);
  assert.ok(server.givenBytes() - given < LARGE_BYTES / 2);
});

test('a blob that went away meanwhile: the version is not given', async (t) => {
  const site = copyOf(t, folder, published);
  const server = await serve(t, site.repository);
  const { mirror, repository } = mirrorAt(tempFolder(t, 'school'), site);
  await mirror.follow(upstream(server.url), signal);
  await publishNext(folderOf(site), site, 8, false);
  const shared = offeredIn(repository).find((path) => path.startsWith('blobs/') && isIn(site, 8, path)) ?? '';
  const slow = await liarOver(t, site.repository, {
    about: /\/blobs\//,
    answer: (bytes, response) => {
      if (bytes.length === LARGE_BYTES) rmSync(join(repository, shared), { force: true });
      response.end(bytes);
    },
  });
  await assert.rejects(mirror.follow(upstream(slow.url), signal), /went away/);
  assert.equal(existsSync(join(repository, 'images/xo/8.pgp')), false);
  assert.equal(await mirror.follow(upstream(server.url), signal), true);
  assertWhole(repository, site, 8);
});

function isIn(site: Published, version: number, path: string): boolean {
  return readFileSync(manifestOf(site, version), 'latin1').includes(path.slice('blobs/'.length));
}
