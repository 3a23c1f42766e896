/** A disk that is full, and one that cannot be written: real ones, in a file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NoSpaceError } from '../../service/api/errors.ts';
import { planStage } from '../../service/core/plan.ts';
import { choose, readBootConfig } from '../../service/deploy/boot-config.ts';
import { assertRoom } from '../../service/deploy/space.ts';
import { stage } from '../../service/deploy/stage.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { DEFAULTS, file, smallImage, TestSysroot, treeOf, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const skip = process.getuid?.() === 0 ? false : 'mounting needs root';

function sh(command: string, ...args: string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(result.status, 0, `${command} ${args.join(' ')}: ${result.stderr}`);
}

async function onSmallDisk(
  folder: string,
  options: readonly string[],
  work: (mount: string) => Promise<void>,
): Promise<void> {
  const [image, mount] = [join(folder, 'disk'), join(folder, 'mount')];
  writeFileSync(image, '');
  truncateSync(image, 24 << 20);
  mkdirSync(mount);
  sh('mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', ...options, image);
  sh('mount', '-o', 'loop', image, mount);
  try {
    await work(mount);
  } finally {
    sh('umount', mount);
  }
}

test('a disk that fills up while staging: both numbers are told, and the laptop is as before', { skip }, async (t) => {
  await onSmallDisk(tempFolder(t), [], async (mount) => {
    const sysroot = new TestSysroot(mount);
    await sysroot.deploy(6);
    const large = treeOf([0, 1, 2, 3].map((n) => file(`./${n}`, Buffer.alloc(6 << 20, n))));
    sysroot.fill(treeOf([file('./0', Buffer.alloc(6 << 20, 0)), file('./1', Buffer.alloc(6 << 20, 1))]));
    const copies = treeOf([0, 1, 2, 3].map((n) => file(`./${n}`, Buffer.alloc(6 << 20, n % 2), { mode: 0o600 + n })));
    const before = readdirSync(sysroot.layout.blobs);

    const plan = planStage(large.entries, undefined, () => false);
    assert.throws(
      () => assertRoom(sysroot.layout, plan),
      (error: unknown) => error instanceof NoSpaceError && error.neededBytes > 20 << 20 && error.freeBytes < 24 << 20,
    );
    await assert.rejects(sysroot.stage(7, copies), (error: unknown) => {
      assert.ok(error instanceof NoSpaceError, String(error));
      assert.match(error.message, /\d+ bytes needed, \d+ free/);
      return true;
    });
    assert.deepEqual(readdirSync(sysroot.layout.blobs), before);
    assert.ok(!readdirSync(sysroot.layout.rootfs).some((name) => name.startsWith('xo.7')));
    assert.deepEqual(readBootConfig(sysroot.layout)?.current, xo(6));
    const { damaged } = await verifyDeployment(sysroot.layout.deployment(xo(6)), smallImage(6).entries);
    assert.deepEqual(damaged, []);
  });
});

test('a disk with room for the bytes but not for the names says so before anything is fetched', { skip }, async (t) => {
  await onSmallDisk(tempFolder(t), ['-N', '64'], async (mount) => {
    const { layout } = new TestSysroot(mount);
    const many = treeOf(Array.from({ length: 200 }, (_, n) => file(`./${n}`, '')));
    const plan = planStage(many.entries, undefined, () => false);
    assert.ok(statfsSync(mount).ffree < 200);
    assert.throws(() => assertRoom(layout, plan, { reserveBytes: 0 }), {
      code: 'NoSpace',
      message: /201 new files needed/,
    });
  });
});

test('a disk that cannot be written: nothing changes and the reason is told', { skip }, async (t) => {
  await onSmallDisk(tempFolder(t), [], async (mount) => {
    const sysroot = new TestSysroot(mount);
    await sysroot.deploy(6);
    const tree = treeOf([file('./f', 'x', { timeNs: DEFAULTS.timeNs })]);
    sysroot.fill(tree);
    sh('mount', '-o', 'remount,ro', mount);
    const options = { layout: sysroot.layout, target: xo(7), manifest: tree.entries, blobPath: sysroot.blobPath };
    await assert.rejects(stage(options), { code: 'IoError', message: /the disk is read-only/ });
    assert.throws(() => choose(sysroot.layout, { current: xo(6) }), /EROFS/);
    assert.equal(readBootConfig(sysroot.layout)?.number, 1);
  });
});
