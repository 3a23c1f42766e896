import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStranger, isVersion } from '../../service/adopt/boundary.ts';
import { copyPlan } from '../../service/adopt/copy-plan.ts';
import { adoptedFstab, fstabFolders, shippedConfiguration } from '../../service/adopt/own-etc.ts';
import { grubConfiguration } from '../../service/adopt/start.ts';
import { mountPoints, requireAdoptable } from '../../service/adopt/survey.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { alias, file, symlink, treeOf } from '../helpers/sysroot.ts';

const NOBODY: ReadonlySet<string> = new Set();

test('a version is the system and the list of its packages; what people and services write is not', () => {
  for (const path of [
    '.',
    './usr',
    './usr/bin/env',
    './etc/passwd',
    './boot/vmlinuz-6',
    './opt/x',
    './var/lib/dpkg/status',
  ])
    assert.ok(isVersion(path, false, NOBODY), path);
  for (const path of [
    './home',
    './root',
    './proc',
    './data',
    './swapfile',
    './rootfs',
    './var/log',
    './var/lib/apt',
    './boot/efi',
  ])
    assert.ok(!isVersion(path, false, NOBODY), path);
  assert.ok(isVersion('./bin', true, NOBODY) && isVersion('./vmlinuz', true, NOBODY));
  assert.ok(!isVersion('./etc/hostname', false, new Set(['./etc/hostname'])));
  // A /var that is a link leads to another disk.
  assert.ok(!isVersion('./var', true, NOBODY));
  assert.ok(isStranger('./data', false) && !isStranger('./usr', false) && !isStranger('./home', false));
  assert.ok(!isStranger('./data/inner', false) && !isStranger('./rootfs', false));
});

test('configuration that packages brought is known by the sums that dpkg keeps', () => {
  const sum = '0123456789abcdef0123456789abcdef';
  const status = `Package: a\nConffiles:\n /etc/a b.conf ${sum}\n /etc/old ${sum} obsolete\n /etc/new newconffile\nVersion: 1\n`;
  assert.deepEqual(
    [...shippedConfiguration(status)],
    [
      ['/etc/a b.conf', sum],
      ['/etc/old', sum],
    ],
  );
});

test('fstab of an adopted system leaves the root alone; what else it mounts has its folder', () => {
  const text =
    '# / was on sda1\nUUID=1 / ext4 defaults 0 1\n/dev/sda5 none swap sw 0 0\n/swap.img none swap sw\nUUID=2 /srv/my\\040data ext4\n';
  const lines = adoptedFstab(text).split('\n');
  assert.deepEqual(
    lines.map((line) => line.startsWith('#')),
    [true, true, false, true, false, false],
  );
  assert.deepEqual(fstabFolders(`${text}x /home/ana ext4\nx /../etc ext4\n`), ['./srv', './srv/my data', './etc']);
});

test('nothing is linked to a tree that is written to: files are copied, hard links stay among themselves', () => {
  const one = file('./usr/a', 'content');
  const { entries } = treeOf([one, alias('./usr/b', one), symlink('./usr/c', 'a')]);
  const plan = copyPlan(entries);
  assert.deepEqual(
    plan.steps.filter(({ entry }) => entry.type !== 'dir').map(({ kind, entry }) => `${kind} ${entry.path}`),
    ['copy ./usr/a', 'peer ./usr/b', 'make ./usr/c'],
  );
  assert.deepEqual([plan.linked, plan.copied, plan.newBytes, plan.fetch.length], [0, 1, 7, 0]);
});

test('mounts are read with their escapes; a file system that cannot hold versions is refused', () => {
  const line = '29 1 8:1 / /mnt/my\\040disk rw,relatime shared:1 - ext4 /dev/sda1 rw';
  assert.deepEqual(mountPoints(`${line}\n`), [{ path: '/mnt/my disk', root: '/', type: 'ext4' }]);
  const refuse = (root: string, type: string, why: RegExp): void =>
    assert.throws(() => requireAdoptable('/usr', new Layout('/usr'), [{ path: '/usr', root, type }]), why);
  refuse('/', 'overlay', /\/usr is overlay; versions can be kept on/);
  refuse('/inner', 'ext4', /shows only \/inner of its file system/);
});

test("GRUB's configuration is that of every laptop, for this disk; of btrfs, for the subvolume", () => {
  const template = readFileSync(join(PROJECT_ROOT, 'assets/boot/grub.cfg'), 'utf8');
  const uuid = '0d2a8c1e-0000-4000-8000-000000000001';
  const plain = grubConfiguration(template, uuid, { path: '/', root: '/', type: 'ext4' });
  assert.match(plain, new RegExp(`^set sysroot_uuid=${uuid}$`, 'm'));
  assert.match(plain, /^set rootfs=\(\$disk\)\/rootfs$/m);
  const subvolume = grubConfiguration(template, uuid, { path: '/', root: '/@rootfs', type: 'btrfs' });
  assert.match(subvolume, /^set rootfs=\(\$disk\)\/@rootfs\/rootfs$/m);
  assert.match(subvolume, /^set more="rootflags=subvol=\/@rootfs /m);
});
