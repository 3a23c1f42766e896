/** `ripple usb`: a stick from a repository and from a laptop, to a school and to a laptop, and what may be wrong with it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

let folder: string;
let published: Published;
let master: string;

const SIZE = { smallFiles: 20, largeFiles: 1, largeBytes: 150_000, changedOneIn: 2 };

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'usb');
  const trees = makeSeededTrees(folder, 5, SIZE);
  published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  master = join(folder, 'master');
  mkdirSync(master);
  await rippleOk(['usb', 'export', master, '--repo', published.repository]);
});

function copyOfMaster(t: Parameters<typeof tempFolder>[0]): string {
  const stick = tempFolder(t, 'stick');
  cpSync(master, stick, { recursive: true });
  return stick;
}

function blobs(stick: string): string[] {
  return readdirSync(join(stick, 'blobs')).flatMap((fan) =>
    readdirSync(join(stick, 'blobs', fan)).map((name) => join(stick, 'blobs', fan, name)),
  );
}

const importArgs = (stick: string, repo: string, ...more: readonly string[]) => [
  'usb',
  'import',
  stick,
  '--repo',
  repo,
  '--keyring',
  published.keyring,
  ...more,
];

test('only the newest version is on it, and a school server has all of it afterwards', async (t) => {
  assert.deepEqual(readdirSync(join(master, 'images/xo')).sort(), ['7.pgp', 'latest.pgp']);
  assert.ok(blobs(master).length < readdirSync(join(published.repository, 'blobs')).length);
  const school = join(tempFolder(t), 'school');
  await rippleOk(importArgs(master, school));
  for (const name of readdirSync(join(school, 'blobs')))
    assert.deepEqual(
      readFileSync(join(school, 'blobs', name)),
      readFileSync(join(published.repository, 'blobs', name)),
    );
  assert.equal(readdirSync(join(school, 'blobs')).length, blobs(master).length);
  for (const path of ['images/xo/latest.pgp', 'images/xo/7.pgp', 'keyring/1.pgp'])
    assert.deepEqual(readFileSync(join(school, path)), readFileSync(join(published.repository, path)));
  const again = JSON.parse(await rippleOk(['usb', 'import', master, '--repo', school, '--json']));
  assert.equal(again.copiedBytes, 0);
});

test('what an interrupted export left is read again: right bytes are kept, wrong ones of the same length are not', async (t) => {
  const stick = copyOfMaster(t);
  const [wrong = '', gone = ''] = blobs(stick).filter((path) => readFileSync(path).length > 0);
  const was = readFileSync(wrong);
  const bytes = was.length + readFileSync(gone).length;
  writeFileSync(wrong, Buffer.alloc(was.length));
  rmSync(gone);
  writeFileSync(`${gone}.part`, 'half');
  const told = JSON.parse(await rippleOk(['usb', 'export', stick, '--repo', published.repository, '--json']));
  assert.equal(told.copiedBytes, bytes);
  assert.deepEqual(readFileSync(wrong), was);
  assert.ok(existsSync(gone) && !existsSync(`${gone}.part`));
});

test('a damaged blob is named in one line, and the rest is kept', async (t) => {
  const stick = copyOfMaster(t);
  const bad = blobs(stick).find((path) => readFileSync(path).length > 100_000) ?? '';
  writeFileSync(bad, Buffer.alloc(readFileSync(bad).length));
  const school = join(tempFolder(t), 'school');
  const ran = await ripple(importArgs(stick, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, new RegExp(`^ripple usb: .*blob ${bad.slice(-64)} is damaged.*\n$`));
  assert.equal(readdirSync(join(school, 'blobs')).length, blobs(stick).length - 1);
  assert.ok(!existsSync(join(school, 'images')), 'nobody is told of a version that is not whole');
  const told = JSON.parse(await rippleOk(importArgs(master, school, '--json')));
  assert.equal(told.copiedBytes, readFileSync(bad).length, 'only the one was missing');
});

test('a forged release brings nothing in', async (t) => {
  const other = await publishTrees(join(tempFolder(t), 'forger'), [[8, join(folder, 'tree-7')]]);
  const stick = copyOfMaster(t);
  for (const name of ['8.pgp', 'latest.pgp'])
    cpSync(join(other.repository, 'images/xo', name), join(stick, 'images/xo', name));
  const school = join(tempFolder(t), 'school');
  const ran = await ripple(importArgs(stick, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple usb: .*not in the keyring.*\n$/);
  assert.ok(!existsSync(school));
});

test('a release that was swapped for one of the same number is refused', async (t) => {
  const school = join(tempFolder(t), 'school');
  cpSync(published.repository, school, { recursive: true });
  rmSync(join(school, 'images/xo/7.pgp'));
  rmSync(join(school, 'images/xo/latest.pgp'));
  await rippleOk([
    'publish',
    join(folder, 'tree-6'),
    '--repo',
    school,
    '--image',
    'xo',
    '--version',
    '7',
    '--key',
    published.key,
  ]);
  const was = readFileSync(join(school, 'images/xo/7.pgp'));
  const ran = await ripple(importArgs(master, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /has another version 7 of xo already/);
  assert.deepEqual(readFileSync(join(school, 'images/xo/7.pgp')), was);
});

test('links on the stick lead nowhere: not for reading, not for writing', async (t) => {
  const stick = copyOfMaster(t);
  const outside = tempFolder(t, 'outside');
  renameSync(join(stick, 'blobs'), join(outside, 'blobs'));
  symlinkSync(join(outside, 'blobs'), join(stick, 'blobs'));
  const school = join(tempFolder(t), 'school');
  assert.equal((await ripple(importArgs(stick, school))).status, 1);
  rmSync(join(outside, 'blobs'), { recursive: true });
  mkdirSync(join(outside, 'blobs'));
  const ran = await ripple(['usb', 'export', stick, '--repo', published.repository]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /blobs is not a folder/);
  assert.deepEqual(readdirSync(join(outside, 'blobs')), []);
});

test('the newest version does not go back, neither on a stick nor in a repository', async (t) => {
  const old = tempFolder(t, 'old');
  cpSync(published.repository, old, { recursive: true });
  rmSync(join(old, 'images/xo/latest.pgp'));
  await rippleOk([
    'publish',
    join(folder, 'tree-6'),
    '--repo',
    old,
    '--image',
    'xo',
    '--version',
    '8',
    '--key',
    published.key,
  ]);
  const [stick, school] = [copyOfMaster(t), join(tempFolder(t), 'school')];
  cpSync(published.repository, school, { recursive: true });
  const latest = readFileSync(join(school, 'images/xo/latest.pgp'));
  // Its epoch is 1: it was made by somebody who had forgotten.
  await rippleOk(['usb', 'export', stick, '--repo', old, '--version', '8']);
  assert.deepEqual(readFileSync(join(stick, 'images/xo/latest.pgp')), latest);
  cpSync(join(old, 'images/xo/latest.pgp'), join(stick, 'images/xo/latest.pgp'));
  await rippleOk(importArgs(stick, school));
  assert.deepEqual(readFileSync(join(school, 'images/xo/latest.pgp')), latest);
});

test('a laptop gets a version from the stick through its daemon; another one exports what it runs', async (t) => {
  const first = await TestLaptop.make(t, { published, folder: join(tempFolder(t), 'a') });
  await first.virtual.start();
  const told = await first.ok('usb', 'import', master, '--config', first.virtual.configFile);
  assert.match(told, /Version 7 is here and checked; you can unplug the stick/);
  first.assertTree(published, 7);
  await first.ok('accept', '7');
  await first.virtual.stop();

  const port = await freePort();
  const running = first.hardware({ config: { 'share.port': port } });
  await running.start();
  const stick = tempFolder(t, 'stick');
  assert.match(await first.ok('usb', 'export', stick, '--config', running.configFile), /You can unplug it/);
  assert.deepEqual(
    blobs(stick)
      .map((path) => path.slice(-64))
      .sort(),
    blobs(master)
      .map((path) => path.slice(-64))
      .sort(),
  );
  await rippleOk(importArgs(stick, join(tempFolder(t), 'school')));
});

test('a laptop is told what is wrong with a forged stick', async (t) => {
  const other = await publishTrees(join(tempFolder(t), 'forger'), [[8, join(folder, 'tree-7')]]);
  const laptop = await TestLaptop.make(t, { published, folder: join(tempFolder(t), 'b') });
  await laptop.virtual.start();
  const ran = await laptop.run('usb', 'import', other.repository, '--config', laptop.virtual.configFile);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple usb: .*not in the keyring.*\n$/);
});

test('the daemon asks no other address because a caller wants it', async (t) => {
  const laptop = await TestLaptop.make(t, { published, folder: join(tempFolder(t), 'c') });
  await laptop.virtual.start();
  for (const origin of ['http://192.0.2.1:80', 'http://127.0.0.1:80/path', 'http://127.0.0.1:99999', 'file:///etc'])
    assert.throws(
      () =>
        execFileSync(
          'busctl',
          [
            `--address=${laptop.bus.address}`,
            'call',
            'org.laptop.Ripple1',
            '/org/laptop/Ripple1',
            'org.laptop.Ripple1.Updater',
            'Check',
            'a{sv}',
            '1',
            'origin',
            's',
            origin,
          ],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
        ),
      /give http:\/\/127\.0\.0\.1:PORT/,
      origin,
    );
});

test('a folder that is not there, and an action that is none', async () => {
  const missing = await ripple(['usb', 'export', '/nowhere/stick', '--repo', published.repository]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /is the stick mounted\?\n$/);
  assert.equal((await ripple(['usb', 'eject', master])).status, 2);
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
