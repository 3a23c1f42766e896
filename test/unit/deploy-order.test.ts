/** A power cut keeps what was forced to the disk, in that order: so the order of these calls is the safety. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { choose, readBootConfig } from '../../service/deploy/boot-config.ts';
import { largeImage, smallImage, TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const CHILD = join(dirname(fileURLToPath(import.meta.url)), '../helpers/deploy-child.js');

/** The calls that name, force and take away, in the order they were made: `fsync rootfs`, `rename a b`. */
function calls(action: string, root: string, folder: string): string[] {
  const log = join(folder, 'strace');
  const traced = '?rename,?renameat,?renameat2,fsync,syncfs,?unlink,?unlinkat,?symlink,?symlinkat';
  const args = ['-f', '-y', '-qq', '-o', log, '-e', `trace=${traced}`, process.execPath, CHILD, action, root];
  const result = spawnSync('strace', args, { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(root) && !line.includes('resumed'))
    .map((line) => {
      const name = /^\d+ +([a-z]+?)(?:at2?)?\(/.exec(line)?.[1] ?? '';
      const paths = [...line.matchAll(/["<]([^">]+)[">]/g)].map(([, path = '']) => path);
      return [name, ...paths.map((path) => path.replace(`${root}/`, ''))].join(' ');
    });
}

/** Runs an action whose `nth` such call the kernel refuses. */
function failing(action: string, root: string, call: string, nth: number) {
  // strace counts by thread, so there is one for all flushes.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=${nth}`];
  const args = ['-f', '-qq', '-o', '/dev/null', ...inject, process.execPath, CHILD, action, root];
  return spawnSync('strace', args, { encoding: 'utf8', env });
}

/** `wanted` occur in this order, other calls between them or not. */
function assertOrder(made: readonly string[], wanted: readonly string[]): void {
  let at = -1;
  for (const call of wanted) {
    const next = made.indexOf(call, at + 1);
    assert.ok(
      next > at,
      `"${call}" comes after ${JSON.stringify(wanted.slice(0, wanted.indexOf(call)))} in\n${made.join('\n')}`,
    );
    at = next;
  }
}

test('a tree is on the disk before it has its name, and its name before anything is dropped from the cache', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  await sysroot.deploy(6);
  sysroot.fill(smallImage(7));
  const made = calls('stage', sysroot.layout.sysroot, folder);
  assertOrder(made, ['syncfs rootfs/xo.7.partial', 'rename rootfs/xo.7.partial rootfs/xo.7', 'fsync rootfs']);
  const named = made.indexOf('rename rootfs/xo.7.partial rootfs/xo.7');
  assert.ok(made.every((call, i) => !call.startsWith('unlink ripple/blobs') || i > named + 1));
  assert.equal(made.filter((call) => call.startsWith('syncfs')).length, 1);
});

test('a choice is on the disk before the pointer changes, and the pointer before it is told', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  await sysroot.deploy(6);
  sysroot.fill(smallImage(7));
  await sysroot.stage(7, smallImage(7));
  const made = calls('choose', sysroot.layout.sysroot, folder);
  assertOrder(made, [
    'fsync rootfs/xo.7',
    'symlink ../xo.7 rootfs/config.2/current',
    'fsync rootfs/config.2/tries+3',
    'fsync rootfs/config.2',
    'symlink config.2 rootfs/boot.new',
    'fsync rootfs',
    'rename rootfs/boot.new rootfs/boot',
    'fsync rootfs',
  ]);
});

test('blessing and removing are on the disk before they are told', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  const { layout } = sysroot;
  await sysroot.deploy(5);
  await sysroot.deploy(6, 5);
  choose(layout, { current: xo(6), tries: 2 });
  assertOrder(calls('bless', layout.sysroot, folder), ['unlink rootfs/config.3/tries+2', 'fsync rootfs/config.3']);
  assertOrder(calls('remove', layout.sysroot, folder), [
    'rename rootfs/xo.5 rootfs/xo.5.deleting',
    'fsync rootfs',
    'unlink rootfs/xo.5.deleting/bin/busy',
  ]);
});

test('a repaired file is on the disk before it takes the place of the damaged one', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  await sysroot.deploy(6);
  await sysroot.deploy(7, 6);
  sysroot.fill(smallImage(6));
  appendFileSync(join(sysroot.layout.deployment(xo(6)), 'etc/version'), 'damage');
  assertOrder(calls('repair', sysroot.layout.sysroot, folder), [
    'syncfs ripple/repair',
    'rename ripple/repair/0.link rootfs/xo.6/etc/version',
    'syncfs rootfs/xo.6',
  ]);
});

test('a flush that fails stops everything before it commits, and says so', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  const { layout } = sysroot;
  await sysroot.deploy(6);
  sysroot.fill(smallImage(7));
  const staging = failing('stage', layout.sysroot, 'syncfs', 1);
  assert.notEqual(staging.status, 0);
  assert.match(staging.stderr, /EIO/);
  assert.deepEqual(readdirSync(layout.rootfs), ['boot', 'config.1', 'current', 'previous', 'xo.6']);

  await sysroot.stage(7, smallImage(7));
  // Two trees, the tries, the configuration, the folder of both: five flushes before the commit.
  for (let nth = 1; nth <= 5; nth++) {
    const choosing = failing('choose', layout.sysroot, 'fsync', nth);
    assert.notEqual(choosing.status, 0, `flush ${nth}`);
    assert.match(choosing.stderr, /EIO/);
    assert.deepEqual(readBootConfig(layout)?.current, xo(6), `flush ${nth}`);
  }
  assert.notEqual(failing('choose', layout.sysroot, 'fsync', 6).status, 0);
  assert.equal(failing('choose', layout.sysroot, 'fsync', 7).status, 0);
});

test('a large tree goes to the disk while it is built, and a failure then is not forgotten at the end', async (t) => {
  const folder = tempFolder(t);
  const sysroot = new TestSysroot(join(folder, 'sysroot'));
  const { layout } = sysroot;
  sysroot.fill(largeImage(6));
  await sysroot.stage(6, largeImage(6));
  const failed = failing('stage-large', layout.sysroot, 'syncfs', 1);
  assert.notEqual(failed.status, 0);
  assert.match(failed.stderr, /EIO/);
  assert.deepEqual(readdirSync(layout.rootfs), ['xo.6']);

  const made = calls('stage-large', layout.sysroot, folder);
  const flushes = made.filter((call) => call === 'syncfs rootfs/xo.7.partial');
  assert.ok(flushes.length > 1, made.join('\n'));
  assert.equal(made[made.indexOf('rename rootfs/xo.7.partial rootfs/xo.7') - 1], 'syncfs rootfs/xo.7.partial');
});
