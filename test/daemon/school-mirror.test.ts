/** What a school server takes from its upstream: whole and checked, or nothing. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { serve } from '../helpers/blobs.ts';
import { liarOver } from '../helpers/liar.ts';
import { manifestOf, type Published, signLatest } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import {
  assertWhole,
  copyOf,
  folderOf,
  mirrorAt,
  offeredIn,
  publishNext,
  publishSeries,
  sameFile,
  upstream,
} from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';

let folder: string;
let published: Published;
const signal = new AbortController().signal;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'school-mirror');
  published = await publishSeries(folder, 7);
});

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
  const site = copyOf(t, folder, published);
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
  const site = copyOf(t, folder, published);
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
