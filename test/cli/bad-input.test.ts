/** What goes wrong at a desk: one clear line each, a status that tells, and what was there before still works. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseManifest } from '../../service/image/manifest.ts';
import { IS_ROOT } from '../helpers/as-user.ts';
import { serve } from '../helpers/blobs.ts';
import { manifestOf, type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { type Ran, ripple } from '../helpers/ripple.ts';
import { makeSeededTrees, type SeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

const needsRoot = IS_ROOT ? false : 'mounting a small disk needs root';
if (needsRoot) console.log(`SKIPPED: full and read-only disks: ${needsRoot}`);

/** Status 1, nothing on standard output, and one line that holds these words. */
function oneLine(ran: Ran, words: RegExp, status = 1): void {
  assert.equal(ran.status, status, ran.stderr);
  assert.match(ran.stderr, /^ripple[^\n]*\n$/, 'one line');
  assert.match(ran.stderr, words);
  assert.doesNotMatch(ran.stderr, /\bat .*:\d+:\d+|node:internal/, 'no stack');
}

interface School {
  readonly folder: string;
  readonly trees: SeededTrees;
  readonly published: Published;
}

async function school(t: TestContext): Promise<School> {
  const folder = tempFolder(t, 'bad-input');
  const trees = makeSeededTrees(folder, 5, SMALL_SIZE);
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  return { folder, trees, published };
}

test('publishing: a missing key, no tree, a file for a tree, a version that is something else', async (t) => {
  const { folder, trees, published } = await school(t);
  const publish = (tree: string, key: string, version = '8'): Promise<Ran> =>
    ripple(['publish', tree, '--repo', published.repository, '--image', 'xo', '--version', version, '--key', key]);
  oneLine(await publish(trees.newer, join(folder, 'lost.key')), /lost\.key: it is not there/);
  oneLine(await publish(join(folder, 'nowhere'), published.key), /nowhere/);
  oneLine(await publish(published.key, published.key), /key is not a folder/);
  oneLine(await publish(trees.older, published.key, '7'), /xo 7 is published.*use a higher version/);
  oneLine(await publish(trees.older, published.key, '0'), /--version must be a whole number from 1/, 2);
  assert.equal(existsSync(join(published.repository, 'images/xo/8.pgp')), false);
  assert.equal((await publish(trees.newer, published.key)).status, 0, 'and publishing still works');
});

test('a port in use: serve and the daemon say which', async (t) => {
  const { folder, published } = await school(t);
  const taken = await serve(t, published.repository);
  oneLine(
    await ripple(['serve', '--repo', published.repository, '--port', `${taken.port}`]),
    new RegExp(`127\\.0\\.0\\.1.*${taken.port}`),
  );
  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'laptop'),
    published,
    config: { 'share.port': taken.port },
  });
  await assert.rejects(laptop.virtual.start());
  assert.match(readFileSync(laptop.virtual.logFile, 'utf8'), new RegExp(`ripple daemon: [^\\n]*${taken.port}`));
  const elsewhere = laptop.hardware({ config: {} });
  await elsewhere.start();
  assert.equal((await laptop.status()).bootedVersion, 6);
});

test('a version that does not exist, one that is older, one that is not here yet', async (t) => {
  const { folder, published } = await school(t);
  const server = await serve(t, published.repository);
  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'laptop'),
    published,
    config: { origins: [server.url] },
  });
  await laptop.virtual.start();
  oneLine(await laptop.run('get', '99'), /version 99/);
  oneLine(await laptop.run('get', '5'), /version 5 is older than version 6/);
  oneLine(await laptop.run('accept', '7'), /version 7 is not on this laptop/);
  oneLine(await laptop.run('rollback'), /no previous version/);
  oneLine(await laptop.run('restart'), /nothing to restart for/);
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
});

test('a repository with a file missing: a blob, then it is back; the manifest; a truncated release', async (t) => {
  const { folder, published } = await school(t);
  const server = await serve(t, published.repository);
  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'laptop'),
    published,
    config: { origins: [server.url] },
  });
  await laptop.virtual.start();
  const older = new Set(
    parseManifest(readFileSync(manifestOf(published, 6))).map((entry) => (entry.type === 'file' ? entry.sha256 : '')),
  );
  const fresh = parseManifest(readFileSync(manifestOf(published, 7))).find(
    (entry) => entry.type === 'file' && !older.has(entry.sha256),
  );
  assert.ok(fresh?.type === 'file');
  const blob = join(published.repository, 'blobs', fresh.sha256);
  renameSync(blob, join(folder, 'aside'));
  oneLine(await laptop.run('get', '7'), /1 of \d+ blobs could not be had/);
  assert.equal((await laptop.status()).bootedVersion, 6);
  renameSync(join(folder, 'aside'), blob);
  const manifest = manifestOf(published, 7);
  truncateSync(join(published.repository, 'images/xo/7.pgp'), 40);
  await laptop.run('get', '7');
  laptop.assertTree(published, 6);
  assert.ok(existsSync(manifest));
});

test('keyring and configuration: missing, damaged, mistyped', async (t) => {
  const { folder, published } = await school(t);
  const start = (config: string): Promise<Ran> => {
    const file = join(folder, 'ripple.toml');
    writeFileSync(file, config);
    return ripple(['daemon', '--config', file]);
  };
  mkdirSync(join(folder, 'sysroot'));
  const sysroot = `sysroot = "${join(folder, 'sysroot')}"\nbus.address = "none"\ndiscovery.kind = "none"\n`;
  oneLine(await ripple(['daemon', '--config', join(folder, 'lost.toml')]), /lost\.toml/);
  oneLine(await start('rol = "laptop"'), /no key "rol"/);
  oneLine(await start(`${sysroot}keyring = "${join(folder, 'lost.pgp')}"`), /lost\.pgp/);
  writeFileSync(join(folder, 'bad.pgp'), 'this is no keyring');
  oneLine(await start(`${sysroot}keyring = "${join(folder, 'bad.pgp')}"`), /bad\.pgp|keyring/);
  oneLine(await ripple(['status', '--bus', `unix:path=${join(folder, 'no-bus')}`]), /no-bus/);
  assert.ok(published);
});

for (const [name, clock] of [
  ['1970', '@1970-01-02 00:00:00'],
  ['2099', '@2099-01-02 00:00:00'],
] as const) {
  test(`a clock at ${name}: the update works all the same`, async (t) => {
    const { folder, published } = await school(t);
    const server = await serve(t, published.repository);
    const library = [
      '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
      '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
    ].find((file) => existsSync(file));
    assert.ok(library, 'libfaketime is installed');
    const laptop = await TestLaptop.make(t, {
      folder: join(folder, 'laptop'),
      published,
      config: { origins: [server.url] },
      environment: {
        LD_PRELOAD: library,
        FAKETIME: clock,
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    });
    await laptop.virtual.start();
    await laptop.ok('get', '7');
    assert.match(
      readFileSync(laptop.virtual.logFile, 'utf8'),
      new RegExp(`^${name}`, 'm'),
      'the daemon does have that clock',
    );
    await laptop.ok('accept', '7');
    await laptop.virtual.restart();
    assert.equal((await laptop.status()).bootedVersion, 7);
    laptop.assertTree(published, 7);
  });
}

/** A laptop whose sysroot is an ext4 of that many bytes. */
async function onSmallDisk(t: TestContext, { published }: School, sizeBytes: number, url: string): Promise<TestLaptop> {
  const place = mkdtempSync(join(tmpdir(), 'ripple-disk-'));
  const sysroot = join(place, 'sysroot');
  const image = join(place, 'disk');
  mkdirSync(sysroot, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, sizeBytes);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, sysroot]);
  const laptop = await TestLaptop.make(t, { folder: place, published, config: { origins: [url] } });
  t.after(async () => {
    await laptop.virtual.stop();
    execFileSync('umount', ['--lazy', sysroot]);
    rmSync(place, { recursive: true, force: true });
  });
  return laptop;
}

test('a full disk: said with both numbers before a blob is fetched, and nothing is lost', {
  skip: needsRoot,
}, async (t) => {
  const at = await school(t);
  const server = await serve(t, at.published.repository);
  const laptop = await onSmallDisk(t, at, 16 * 1024 * 1024, server.url);
  await laptop.virtual.start();
  const before = server.givenBytes();
  oneLine(await laptop.run('get', '7'), /not enough room on .*: \d+ bytes needed, \d+ free/);
  const manifestBytes = readFileSync(manifestOf(at.published, 7)).length;
  assert.ok(server.givenBytes() - before < manifestBytes + 16_384, 'only documents and the manifest came');
  const { lastError, bootedVersion } = await laptop.status();
  assert.deepEqual([lastError.code, bootedVersion], ['NoSpace', 6]);
  laptop.assertTree(at.published, 6);
});

test('a read-only disk: the daemon says so, and once it can write again all is there', {
  skip: needsRoot,
}, async (t) => {
  const at = await school(t);
  const server = await serve(t, at.published.repository);
  const laptop = await onSmallDisk(t, at, 64 * 1024 * 1024, server.url);
  const { sysroot } = laptop.virtual;
  execFileSync('mount', ['-o', 'remount,ro', sysroot]);
  await assert.rejects(laptop.virtual.start());
  assert.match(readFileSync(laptop.virtual.logFile, 'utf8'), /^ripple daemon: [^\n]*read-only/im);
  execFileSync('mount', ['-o', 'remount,rw', sysroot]);
  await laptop.virtual.start();
  await laptop.ok('get', '7');
  laptop.assertTree(at.published, 7);
});
