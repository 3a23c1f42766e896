import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { choose } from '../../service/deploy/boot-config.ts';
import { deploymentName } from '../../service/deploy/layout.ts';
import { recover, surveyDeployments } from '../../service/deploy/recover.ts';
import { type KeepFacts, removableDeployments, removeDeployment, type Verdict } from '../../service/deploy/removal.ts';
import { smallImage, TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const reasons = (verdicts: readonly Verdict[]) =>
  Object.fromEntries(
    verdicts.map(({ deployment, removable, reason }) => [
      deploymentName(deployment),
      `${removable ? 'go' : 'stay'}: ${reason}`,
    ]),
  );

const FACTS: KeepFacts = {
  deployments: [3, 4, 5, 6, 7, 8].map(xo),
  config: { number: 1, current: xo(7), previous: xo(6) },
  booted: xo(5),
  staged: [xo(3)],
  usable: () => true,
};

test('what runs, may run next, or is the way back stays; the rest may go', () => {
  assert.deepEqual(reasons(removableDeployments(FACTS)), {
    'xo.3': 'stay: staged',
    'xo.4': 'go: superseded',
    'xo.5': 'stay: booted',
    'xo.6': 'stay: previous',
    'xo.7': 'stay: current',
    'xo.8': 'stay: staged',
  });
});

test('until the current version is blessed, nothing goes', () => {
  const facts = { ...FACTS, config: { number: 1, current: xo(7), previous: xo(6), triesLeft: 2 } };
  assert.deepEqual(
    removableDeployments(facts).filter(({ removable }) => removable),
    [],
  );
});

test('while nothing sensible is chosen, nothing goes', () => {
  const verdicts = removableDeployments({ ...FACTS, config: undefined, staged: [] });
  assert.deepEqual(
    verdicts.filter(({ removable }) => removable),
    [],
  );
});

test('without its manifest a newer version is not staged; one that is needed stays all the same', () => {
  assert.deepEqual(reasons(removableDeployments({ ...FACTS, staged: [], usable: () => false })), {
    'xo.3': 'go: no manifest or release',
    'xo.4': 'go: no manifest or release',
    'xo.5': 'stay: booted',
    'xo.6': 'stay: previous',
    'xo.7': 'stay: current',
    'xo.8': 'go: no manifest or release',
  });
});

test('a start takes away what was left half done, says so, and has nothing to do the next time', async (t) => {
  const { layout, ...sysroot } = await twoVersions(tempFolder(t));
  void sysroot;
  for (const name of ['xo.8.partial', 'xo.5.deleting', 'config.77']) {
    mkdirSync(join(layout.rootfs, name, 'sub'), { recursive: true });
    writeFileSync(join(layout.rootfs, name, 'sub/file'), '');
  }
  symlinkSync('config.77', join(layout.rootfs, 'boot.new'));
  symlinkSync('x', join(layout.rootfs, 'previous.new'));
  mkdirSync(layout.repair);
  writeFileSync(join(layout.repair, '0'), '');
  for (const name of ['manifests/xo.8.new', 'releases/xo.8.pgp.new', 'state.json.new'])
    writeFileSync(join(layout.state, name), '');
  // Not ours: stays.
  for (const name of ['lost+found', 'notes.partial', 'config.x', 'xo.9.deleted']) mkdirSync(join(layout.rootfs, name));

  const first = await recover(layout, { booted: xo(6) });
  assert.deepEqual(first.removed, [
    ...['boot.new', 'config.1', 'config.77', 'previous.new', 'xo.5.deleting', 'xo.8.partial'].map(
      (name) => `rootfs/${name}`,
    ),
    'ripple/repair',
    'ripple/state.json.new',
    'ripple/releases/xo.8.pgp.new',
    'ripple/manifests/xo.8.new',
  ]);
  assert.deepEqual(first.config?.current, xo(7));
  assert.deepEqual(first.unusable, []);
  const names = [
    'boot',
    'config.2',
    'config.x',
    'current',
    'lost+found',
    'notes.partial',
    'previous',
    'xo.6',
    'xo.7',
    'xo.9.deleted',
  ];
  assert.deepEqual(readdirSync(layout.rootfs), names);
  assert.deepEqual((await recover(layout, { booted: xo(6) })).removed, []);
});

test('an empty sysroot is fine', async (t) => {
  const root = tempFolder(t);
  rmSync(root, { recursive: true });
  mkdirSync(root);
  const { layout } = new TestSysroot(root);
  rmSync(layout.rootfs, { recursive: true });
  assert.deepEqual(await recover(layout), { config: undefined, removed: [], deployments: [], unusable: [] });
});

test('with a damaged pointer no configuration and no version is taken away', async (t) => {
  const { layout } = await twoVersions(tempFolder(t));
  rmSync(layout.bootPointer);
  symlinkSync('elsewhere', layout.bootPointer);
  const recovery = await recover(layout);
  assert.match(recovery.damage ?? '', /boot is damaged/);
  assert.deepEqual(recovery.removed, []);
  assert.deepEqual(
    recovery.deployments.filter(({ removable }) => removable),
    [],
  );
});

test('a version without its manifest or its release is told', async (t) => {
  const { layout } = await twoVersions(tempFolder(t));
  rmSync(layout.manifest(xo(6)));
  rmSync(layout.release(xo(7)));
  const recovery = await recover(layout);
  assert.deepEqual(recovery.unusable, [xo(6), xo(7)]);
  assert.ok(existsSync(layout.deployment(xo(6))) && existsSync(layout.deployment(xo(7))));
});

test('a superseded version is removed under another name, and one that is needed is refused', async (t) => {
  const { layout } = await twoVersions(tempFolder(t));
  const before = surveyDeployments(layout);
  for (const verdict of before)
    await assert.rejects(removeDeployment(layout, verdict), { code: 'WrongState', message: /current|previous/ });
  choose(layout, { current: xo(7) });
  const [six] = surveyDeployments(layout);
  assert.equal(six?.reason, 'superseded');
  if (six) await removeDeployment(layout, six);
  assert.ok(!readdirSync(layout.rootfs).some((name) => name.startsWith('xo.6')));
});

test('an ordinary user removes folders that it may not write', { skip: process.getuid?.() !== 0 }, async (t) => {
  const root = tempFolder(t);
  chownSync(root, 65534, 65534);
  process.setegid?.(65534);
  process.seteuid?.(65534);
  try {
    const { layout } = new TestSysroot(root);
    const closed = join(layout.partial(xo(8)), 'closed');
    mkdirSync(join(closed, 'deep'), { recursive: true });
    writeFileSync(join(closed, 'deep/file'), '');
    chmodSync(join(closed, 'deep'), 0o500);
    chmodSync(closed, 0o000);
    await recover(layout);
    assert.deepEqual(readdirSync(layout.rootfs), []);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
});

test('odd names are removed, and links are not followed', async (t) => {
  const sysroot = await twoVersions(tempFolder(t));
  const { layout } = sysroot;
  const outside = join(layout.sysroot, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'work'), 'of a child');
  const partial = layout.partial(xo(8));
  mkdirSync(join(partial, 'closed'), { recursive: true });
  symlinkSync(outside, join(partial, 'closed/link'));
  writeFileSync(Buffer.concat([Buffer.from(`${partial}/closed/`), Buffer.from([0xff, 0x0a])]), '');
  await recover(layout);
  assert.ok(!existsSync(partial));
  assert.deepEqual(readdirSync(outside), ['work']);
});

async function twoVersions(root: string): Promise<TestSysroot> {
  const sysroot = new TestSysroot(root);
  await sysroot.deploy(6);
  await sysroot.deploy(7, 6);
  assert.equal(smallImage(7).entries.length > 5, true);
  return sysroot;
}
