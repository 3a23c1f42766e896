import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { repairDeployment } from '../../service/deploy/repair.ts';
import { DeployedPair, keepTime, scribble } from '../helpers/deployed-pair.ts';
import { smallImage, TEST_BACKEND, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const ownFileSystem = TEST_BACKEND === 'btrfs' ? 'a folder cannot be moved out of a subvolume' : false;

test('nothing outside is read as the tree, or changed, through a folder that became a link', {
  skip: ownFileSystem,
}, async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  const outside = join(pair.sysroot.layout.sysroot, 'outside');
  keepTime(pair.seven, () => {
    renameSync(join(pair.seven, 'etc'), outside);
    symlinkSync(outside, join(pair.seven, 'etc'));
  });
  const before = readdirSync(outside).map((name) => lstatSync(join(outside, name)).ino);
  const found = await pair.damaged(7);
  assert.deepEqual(
    found.map(({ path, reason }) => `${path} ${reason}`),
    ['./etc type', './etc/same missing', './etc/touched missing', './etc/version missing'],
  );
  await pair.repair(found);
  assert.deepEqual(await pair.damaged(7), []);
  assert.deepEqual(
    readdirSync(outside).map((name) => lstatSync(join(outside, name)).ino),
    before,
  );
});

test('another tree in which a folder became a link is not changed through it', { skip: ownFileSystem }, async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  const outside = join(pair.sysroot.layout.sysroot, 'outside');
  renameSync(join(pair.six, 'bin'), outside);
  symlinkSync(outside, join(pair.six, 'bin'));
  const before = lstatSync(join(outside, 'busy')).ino;
  scribble(join(pair.seven, 'bin/busy'));
  const found = await pair.damaged(7);
  assert.deepEqual(await pair.repair(found), { repaired: found.length, failed: [] });
  assert.deepEqual(await pair.damaged(7), []);
  assert.equal(lstatSync(join(outside, 'busy')).ino, before);
});

test('what nobody has is told, and the rest is repaired', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  scribble(join(pair.seven, 'etc/version'));
  chmodSync(join(pair.seven, 'usr/lib/big'), 0o600);
  const found = await pair.damaged(7);
  const { layout } = pair.sysroot;
  const result = await repairDeployment(layout, {
    tree: { deployment: xo(7), manifest: smallImage(7).entries },
    others: [],
    damaged: found,
    fetchBlob: () => Promise.reject(new RippleError('NoSource', 'nobody near has it')),
  });
  assert.equal(result.repaired, 1);
  assert.deepEqual(
    result.failed.map(({ path, error }) => [path, error.code]),
    [['./etc/version', 'NoSource']],
  );
  assert.deepEqual(await pair.damaged(7), [{ path: './etc/version', reason: 'content' }]);
});

test('a wrong blob is not put in place', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  scribble(join(pair.seven, 'etc/version'));
  const wrong = join(pair.sysroot.layout.blobs, 'wrong');
  writeFileSync(wrong, '8\n');
  const result = await repairDeployment(pair.sysroot.layout, {
    tree: { deployment: xo(7), manifest: smallImage(7).entries },
    others: [],
    damaged: await pair.damaged(7),
    fetchBlob: async () => wrong,
  });
  assert.deepEqual(
    result.failed.map(({ error }) => error.code),
    ['HashMismatch'],
  );
  assert.equal(readFileSync(join(pair.seven, 'etc/version'), 'utf8'), 'xx');
});
