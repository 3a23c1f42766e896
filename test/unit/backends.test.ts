/** The same tests of staging, removing, recovering and repairing, on each file system with what it can share by. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '../../service/deploy/backend.ts';
import { choose } from '../../service/deploy/boot-config.ts';
import { chooseBackend } from '../../service/deploy/choose-backend.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { recover, surveyDeployments } from '../../service/deploy/recover.ts';
import { removeDeployment } from '../../service/deploy/removal.ts';
import { stage } from '../../service/deploy/stage.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { isSubvolume } from '../../service/sys/btrfs.ts';
import { type FileSystem, fileSystemMissing, mountFileSystem } from '../helpers/file-systems.ts';
import { smallImage, TestSysroot, xo } from '../helpers/sysroot.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const FILES = [
  'deploy-stage',
  'deploy-stage-sharing',
  'deploy-recover',
  'deploy-damage',
  'deploy-repair',
  'deploy-repair-sharing',
  'deploy-round-trip',
];
const TRIALS: readonly (readonly [FileSystem, BackendName])[] = [
  ['xfs', 'hardlink'],
  ['xfs', 'reflink'],
  ['btrfs', 'hardlink'],
  ['btrfs', 'reflink'],
  ['btrfs', 'btrfs'],
];

for (const [fileSystem, backend] of TRIALS)
  test(`on ${fileSystem} by ${backend}, everything that ext4 and hard links do`, {
    skip: fileSystemMissing(fileSystem),
  }, (t) => {
    const mount = mountFileSystem(t, fileSystem);
    const files = FILES.map((name) => join(FOLDER, `${name}.test.js`));
    // A test in a test says nothing by itself: the outer one would take its words for its own.
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const env = { ...environment, TMPDIR: mount, RIPPLE_TEST_BACKEND: backend };
    const ran = spawnSync(process.execPath, ['--test', '--test-reporter=tap', '--test-concurrency=1', ...files], {
      encoding: 'utf8',
      env,
    });
    assert.equal(
      ran.status,
      0,
      ran.stdout
        .split('\n')
        .filter((line) => /^not ok|error:/.test(line))
        .join('\n'),
    );
    const passed = Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1]);
    assert.ok(passed > 40, `only ${passed} tests ran`);
    t.diagnostic(`${passed} passed, ${/^# skipped (\d+)$/m.exec(ran.stdout)?.[1]} are about hard links only`);
  });

test('what suits the file system is found out, and nothing is left of the trial', async (t) => {
  for (const [fileSystem, wanted] of [
    ['ext4', 'hardlink'],
    ['xfs', 'reflink'],
    ['btrfs', 'btrfs'],
  ] as const)
    await t.test(fileSystem, { skip: fileSystemMissing(fileSystem) }, async (t) => {
      const layout = new Layout(mountFileSystem(t, fileSystem));
      assert.equal(chooseBackend(layout, 'auto').name, wanted);
      assert.equal(chooseBackend(layout, 'hardlink').name, 'hardlink');
      assert.deepEqual((await recover(layout)).removed, []);
      if (fileSystem === 'ext4')
        for (const name of ['reflink', 'btrfs'] as const)
          assert.throws(() => chooseBackend(layout, name), { code: 'InvalidArgument', message: /trees.backend/ });
      // Of a trial that was cut short.
      mkdirSync(join(layout.rootfs, 'probe.new'));
      assert.deepEqual((await recover(layout)).removed, ['rootfs/probe.new']);
    });
});

async function two(t: TestContext, backend: BackendName): Promise<TestSysroot> {
  const layout = new Layout(mountFileSystem(t, 'btrfs'));
  const sysroot = new TestSysroot(layout.sysroot);
  const use = { backend: chooseBackend(layout, backend) };
  for (const version of [6, 7]) sysroot.fill(smallImage(version));
  await sysroot.stage(6, smallImage(6), use);
  await sysroot.stage(7, smallImage(7), { ...use, base: sysroot.base(6, smallImage(6)) });
  choose(layout, { current: xo(7), previous: xo(6) });
  return sysroot;
}

for (const backend of ['reflink', 'btrfs'] as const)
  test(`by ${backend}, what is written into a file of one version is not in the other`, {
    skip: fileSystemMissing('btrfs'),
  }, async (t) => {
    const { layout } = await two(t, backend);
    const [six, seven] = [6, 7].map((version) => join(layout.deployment(xo(version)), 'etc/same'));
    writeFileSync(six ?? '', 'changed in place');
    assert.equal(readFileSync(seven ?? '', 'utf8'), 'never changes\n');
    assert.deepEqual((await verifyDeployment(layout.deployment(xo(7)), smallImage(7).entries)).damaged, []);
  });

test('a snapshot of a damaged base does not spread what is seen to be damaged, and what was added goes', {
  skip: fileSystemMissing('btrfs'),
}, async (t) => {
  const { layout, blobPath, ...sysroot } = await two(t, 'btrfs');
  const seven = layout.deployment(xo(7));
  writeFileSync(join(seven, 'etc/same'), 'damaged, and of another size');
  rmSync(join(seven, 'bin/cat'));
  mkdirSync(join(seven, 'bin/cat'));
  for (const name of ['etc/extra', 'bin/cat/extra']) writeFileSync(join(seven, name), '');
  void sysroot;
  const image = smallImage(8);
  const filler = new TestSysroot(layout.sysroot);
  filler.fill(image);
  const base = { deployment: xo(7), manifest: smallImage(7).entries };
  await stage({
    layout,
    backend: chooseBackend(layout, 'btrfs'),
    target: xo(8),
    manifest: image.entries,
    base,
    blobPath,
  });
  assert.deepEqual((await verifyDeployment(layout.deployment(xo(8)), image.entries)).damaged, []);
  assert.ok(isSubvolume(layout.deployment(xo(8))));
});

test('a base that is a plain folder is no obstacle, and a subvolume goes in one step', {
  skip: fileSystemMissing('btrfs'),
}, async (t) => {
  const { layout } = await two(t, 'hardlink');
  const sysroot = new TestSysroot(layout.sysroot);
  const backend = chooseBackend(layout, 'auto');
  for (const version of [8, 9]) {
    sysroot.fill(smallImage(version));
    await sysroot.stage(version, smallImage(version), {
      backend,
      base: sysroot.base(version - 1, smallImage(version - 1)),
    });
    choose(layout, { current: xo(version), previous: xo(version - 1) });
    assert.deepEqual((await verifyDeployment(layout.deployment(xo(version)), smallImage(version).entries)).damaged, []);
    assert.equal(statSync(layout.deployment(xo(version))).mode & 0o777, 0o755);
  }
  choose(layout, { current: xo(9) });
  for (const verdict of surveyDeployments(layout))
    if (verdict.removable) await removeDeployment(layout, verdict, backend);
  assert.deepEqual(
    surveyDeployments(layout).map(({ deployment }) => deployment.version),
    [9],
  );
});

test('a repair that was cut short leaves nothing in a tree', { skip: fileSystemMissing('btrfs') }, async (t) => {
  const { layout } = await two(t, 'btrfs');
  mkdirSync(layout.repairInside(xo(7)));
  writeFileSync(join(layout.repairInside(xo(7)), '0'), 'half');
  assert.ok((await recover(layout)).removed.includes('rootfs/xo.7/.ripple-repair'));
  assert.ok(!existsSync(layout.repairInside(xo(7))));
});
