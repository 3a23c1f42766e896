/** `ripple usb` on a school server: a stick from a repository, into another one, and what may be wrong with it. */
import assert from 'node:assert/strict';
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
import { join } from 'node:path';
import { before, test } from 'node:test';
import { publishTrees } from '../helpers/published.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';
import { blobs, copyOf, importArgs, makeSticks, type Sticks } from '../helpers/usb-stick.ts';

let sticks: Sticks;

before(async () => {
  sticks = await makeSticks();
});

test('only the newest version is on it, and a school server has all of it afterwards', async (t) => {
  assert.deepEqual(readdirSync(join(sticks.master, 'images/xo')).sort(), ['7.pgp', 'latest.pgp']);
  assert.ok(blobs(sticks.master).length < readdirSync(join(sticks.published.repository, 'blobs')).length);
  const school = join(tempFolder(t), 'school');
  await rippleOk(importArgs(sticks, sticks.master, school));
  for (const name of readdirSync(join(school, 'blobs')))
    assert.deepEqual(
      readFileSync(join(school, 'blobs', name)),
      readFileSync(join(sticks.published.repository, 'blobs', name)),
    );
  assert.equal(readdirSync(join(school, 'blobs')).length, blobs(sticks.master).length);
  for (const path of ['images/xo/latest.pgp', 'images/xo/7.pgp', 'keyring/1.pgp'])
    assert.deepEqual(readFileSync(join(school, path)), readFileSync(join(sticks.published.repository, path)));
  const again = JSON.parse(await rippleOk(['usb', 'import', sticks.master, '--repo', school, '--json']));
  assert.equal(again.copiedBytes, 0);
});

test('what an interrupted export left is read again: right bytes are kept, wrong ones of the same length are not', async (t) => {
  const stick = copyOf(sticks, t);
  const [wrong = '', gone = ''] = blobs(stick).filter((path) => readFileSync(path).length > 0);
  const was = readFileSync(wrong);
  const bytes = was.length + readFileSync(gone).length;
  writeFileSync(wrong, Buffer.alloc(was.length));
  rmSync(gone);
  writeFileSync(`${gone}.part`, 'half');
  const told = JSON.parse(await rippleOk(['usb', 'export', stick, '--repo', sticks.published.repository, '--json']));
  assert.equal(told.copiedBytes, bytes);
  assert.deepEqual(readFileSync(wrong), was);
  assert.ok(existsSync(gone) && !existsSync(`${gone}.part`));
});

test('a damaged blob is named in one line, and the rest is kept', async (t) => {
  const stick = copyOf(sticks, t);
  const bad = blobs(stick).find((path) => readFileSync(path).length > 100_000) ?? '';
  writeFileSync(bad, Buffer.alloc(readFileSync(bad).length));
  const school = join(tempFolder(t), 'school');
  const ran = await ripple(importArgs(sticks, stick, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, new RegExp(`^ripple usb: .*blob ${bad.slice(-64)} is damaged.*\n$`));
  assert.equal(readdirSync(join(school, 'blobs')).length, blobs(stick).length - 1);
  assert.ok(!existsSync(join(school, 'images')), 'nobody is told of a version that is not whole');
  const told = JSON.parse(await rippleOk(importArgs(sticks, sticks.master, school, '--json')));
  assert.equal(told.copiedBytes, readFileSync(bad).length, 'only the one was missing');
});

test('a forged release brings nothing in', async (t) => {
  const other = await publishTrees(join(tempFolder(t), 'forger'), [[8, join(sticks.folder, 'tree-7')]]);
  const stick = copyOf(sticks, t);
  for (const name of ['8.pgp', 'latest.pgp'])
    cpSync(join(other.repository, 'images/xo', name), join(stick, 'images/xo', name));
  const school = join(tempFolder(t), 'school');
  const ran = await ripple(importArgs(sticks, stick, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple usb: .*not in the keyring.*\n$/);
  assert.ok(!existsSync(school));
});

test('a release that was swapped for one of the same number is refused', async (t) => {
  const school = join(tempFolder(t), 'school');
  cpSync(sticks.published.repository, school, { recursive: true });
  rmSync(join(school, 'images/xo/7.pgp'));
  rmSync(join(school, 'images/xo/latest.pgp'));
  await rippleOk([
    'publish',
    join(sticks.folder, 'tree-6'),
    '--repo',
    school,
    '--image',
    'xo',
    '--version',
    '7',
    '--key',
    sticks.published.key,
  ]);
  const was = readFileSync(join(school, 'images/xo/7.pgp'));
  const ran = await ripple(importArgs(sticks, sticks.master, school));
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /has another version 7 of xo already/);
  assert.deepEqual(readFileSync(join(school, 'images/xo/7.pgp')), was);
});

test('links on the stick lead nowhere: not for reading, not for writing', async (t) => {
  const stick = copyOf(sticks, t);
  const outside = tempFolder(t, 'outside');
  renameSync(join(stick, 'blobs'), join(outside, 'blobs'));
  symlinkSync(join(outside, 'blobs'), join(stick, 'blobs'));
  const school = join(tempFolder(t), 'school');
  assert.equal((await ripple(importArgs(sticks, stick, school))).status, 1);
  rmSync(join(outside, 'blobs'), { recursive: true });
  mkdirSync(join(outside, 'blobs'));
  const ran = await ripple(['usb', 'export', stick, '--repo', sticks.published.repository]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /blobs is not a folder/);
  assert.deepEqual(readdirSync(join(outside, 'blobs')), []);
});

test('the newest version does not go back, neither on a stick nor in a repository', async (t) => {
  const old = tempFolder(t, 'old');
  cpSync(sticks.published.repository, old, { recursive: true });
  rmSync(join(old, 'images/xo/latest.pgp'));
  await rippleOk([
    'publish',
    join(sticks.folder, 'tree-6'),
    '--repo',
    old,
    '--image',
    'xo',
    '--version',
    '8',
    '--key',
    sticks.published.key,
  ]);
  const [stick, school] = [copyOf(sticks, t), join(tempFolder(t), 'school')];
  cpSync(sticks.published.repository, school, { recursive: true });
  const latest = readFileSync(join(school, 'images/xo/latest.pgp'));
  // Its epoch is 1: it was made by somebody who had forgotten.
  await rippleOk(['usb', 'export', stick, '--repo', old, '--version', '8']);
  assert.deepEqual(readFileSync(join(stick, 'images/xo/latest.pgp')), latest);
  cpSync(join(old, 'images/xo/latest.pgp'), join(stick, 'images/xo/latest.pgp'));
  await rippleOk(importArgs(sticks, stick, school));
  assert.deepEqual(readFileSync(join(school, 'images/xo/latest.pgp')), latest);
});

test('a folder that is not there, and an action that is none', async () => {
  const missing = await ripple(['usb', 'export', '/nowhere/stick', '--repo', sticks.published.repository]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /is the stick mounted\?\n$/);
  assert.equal((await ripple(['usb', 'eject', sticks.master])).status, 2);
});
