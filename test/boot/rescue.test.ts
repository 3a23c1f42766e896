/** The rescue of the initramfs as it runs there: busybox's sh and applets and gpgv, nothing else; from a folder and by HTTP. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startShareServer } from '../../service/share/server.ts';
import { FolderContent } from '../../service/store/folder-content.ts';
import { silentLogger } from '../helpers/blobs.ts';
import { manifestOf, publishTree, publishTrees, signLatest } from '../helpers/published.ts';
import { ripple } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';
import {
  asRoot,
  assertWhole,
  BOOT,
  EPOCH_SECONDS,
  makeApplets,
  type Place,
  place,
  type Ran,
  rescue,
  rescueArgs,
  shell,
} from './rescue-place.ts';

test('from a repository on a stick: every kind of entry, byte for byte', asRoot, async (t) => {
  const at = await place(t);
  const { status, told } = rescue(at, at.published.repository);
  assert.equal(status, 0, told);
  assertWhole(at);
  const [one, three] = ['one', 'three'].map((name) => lstatSync(join(at.sysroot, 'rootfs/xo.7/etc', name)).ino);
  assert.equal(one, three);
});

test('from a school server, one version after the other', asRoot, async (t) => {
  const at = await place(t);
  const serving = { content: new FolderContent(at.published.repository), logger: silentLogger };
  const server = await startShareServer({ ...serving, host: ['127.0.0.1'], port: 0, slots: 8, retryAfterSeconds: 1 });
  t.after(() => server.close());
  for (const version of [7, 8]) {
    if (version === 8) {
      writeFileSync(join(at.tree, 'etc/new'), 'new');
      shell(at.tree, `find . -exec touch -h -d ${EPOCH_SECONDS} {} +`);
      await publishTree(at.published, 8, at.tree);
    }
    const ran = await inBackground(at, server.url);
    assert.equal(ran.status, 0, ran.told);
    assertWhole(at, version);
  }
});

/** The server is in this process: it must go on answering. */
async function inBackground(at: Place, source: string): Promise<Ran> {
  const PATH = makeApplets(at);
  const child = spawn(join(PATH, 'sh'), [...rescueArgs(at, 'rs_from "$4"'), source], { env: { PATH } });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, told };
}

test('what is left of a damaged tree is used, and nothing that does not belong', asRoot, async (t) => {
  const at = await place(t);
  assert.equal(rescue(at, at.published.repository).status, 0);
  const tree = join(at.sysroot, 'rootfs/xo.7');
  const outside = join(at.folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'one'), 'mine');
  rmSync(join(tree, 'usr/sbin'), { recursive: true });
  rmSync(join(tree, 'etc'), { recursive: true });
  // Where the manifest has a folder: whoever writes through it writes elsewhere.
  symlinkSync(outside, join(tree, 'etc'));
  writeFileSync(join(tree, 'usr/bin/tool'), 'damaged');
  writeFileSync(join(tree, 'usr/bin/stray'), 'stray');
  writeFileSync(join(tree, 'odd dir/none'), 'not empty');
  // Of a repository that has only what is gone.
  const { told, status } = rescue(at, at.published.repository);
  assert.equal(status, 0, told);
  assert.match(told, /using what is left of it/);
  assertWhole(at);
  assert.deepEqual(readdirSync(outside), ['one']);
  assert.equal(readFileSync(join(outside, 'one'), 'utf8'), 'mine');
});

test('bytes that are not what the manifest says are never started', asRoot, async (t) => {
  const at = await place(t);
  const manifest = readFileSync(manifestOf(at.published, 7), 'utf8');
  const hash = /usr\/bin\/tool .*sha256=([0-9a-f]{64})/.exec(manifest)?.[1] ?? '';
  writeFileSync(join(at.published.repository, 'blobs', hash), 'evil');
  const { status, told } = rescue(at, at.published.repository);
  assert.equal(status, 1);
  assert.match(told, /some files are missing or damaged/);
  assert.ok(!existsSync(join(at.sysroot, 'rootfs/boot')));
  assert.ok(!existsSync(join(at.sysroot, 'rootfs/xo.7')));
});

test('however many files are damaged, that is told', asRoot, async (t) => {
  const at = await place(t);
  const applets = makeApplets(at);
  // An exit status is what is left of a number after division by 256.
  for (const many of [1, 256, 512]) {
    const work = join(at.folder, `work-${many}`);
    const tree = join(at.folder, `tree-${many}`);
    for (const folder of [join(work, 'plan'), tree]) mkdirSync(folder, { recursive: true });
    const names = Array.from({ length: many }, (_, i) => `./file-${i}`);
    for (const name of names) writeFileSync(join(tree, name), 'damaged');
    writeFileSync(join(work, 'plan/file'), names.map((name) => `${name} ${'a'.repeat(64)} 7\n`).join(''));
    const script = `. ${BOOT}/ripple-rescue; . ${BOOT}/ripple-rescue-tree; rs_work=$1 rs_tree=$2; rs_check`;
    const { status } = spawnSync(join(applets, 'sh'), ['-c', script, 'check', work, tree], { env: { PATH: applets } });
    assert.equal(status, 1, `${many} damaged files`);
    assert.deepEqual(readdirSync(tree), []);
  }
});

test('a check that ends in the middle is no check', asRoot, async (t) => {
  const at = await place(t);
  const applets = makeApplets(at);
  const [work, tree] = [join(at.folder, 'work'), join(at.folder, 'tree')];
  mkdirSync(join(work, 'plan'), { recursive: true });
  writeFileSync(join(work, 'plan/file'), `./etc/one ${'a'.repeat(64)} 4\n`);
  rmSync(join(applets, 'sha256sum'));
  // As one that the kernel ends for want of memory.
  writeFileSync(join(applets, 'sha256sum'), `#!${join(applets, 'sh')}\nkill -9 $$\n`, { mode: 0o755 });
  const script = `. ${BOOT}/ripple-rescue; . ${BOOT}/ripple-rescue-tree; rs_work=$1 rs_tree=$2; rs_check`;
  const { status } = spawnSync(join(applets, 'sh'), ['-c', script, 'check', work, tree], { env: { PATH: applets } });
  assert.equal(status, 1);
});

test('a manifest that is not the signed one is refused', asRoot, async (t) => {
  const at = await place(t);
  const file = manifestOf(at.published, 7);
  writeFileSync(file, readFileSync(file, 'utf8').replace('mode=04755', 'mode=00755'));
  const { status, told } = rescue(at, at.published.repository);
  assert.equal(status, 1);
  assert.match(told, /manifest of version 7 is damaged/);
});

test("somebody else's keys, too few signatures, an older statement: refused", asRoot, async (t) => {
  const at = await place(t);
  const other = await publishTrees(join(at.folder, 'other'), [[7, at.tree]]);
  assert.match(rescue(at, other.repository).told, /latest\.pgp is not signed by our publisher/);

  const keys = join(at.folder, 'keys');
  for (const role of ['latest', 'release']) {
    const strict = join(at.folder, `strict-${role}`);
    cpSync(keys, strict, { recursive: true });
    writeFileSync(join(strict, `${role}.threshold`), '2\n');
    assert.match(rescue(at, at.published.repository, strict).told, /is not signed by our publisher/, role);
  }

  mkdirSync(join(at.sysroot, 'ripple'));
  writeFileSync(join(at.sysroot, 'ripple/state.json'), '{"id":"x","latestEpoch":99,"goal":0}');
  assert.match(rescue(at, at.published.repository).told, /older than what this laptop knew/);
  assert.ok(!existsSync(join(at.sysroot, 'rootfs/boot')));
});

test('a statement that names a version whose release is another one is refused', asRoot, async (t) => {
  const at = await place(t);
  const images = join(at.published.repository, 'images/xo');
  const latest = { image: 'xo', version: 9, epoch: 50, issued: '2026-01-01T00:00:00Z' };
  writeFileSync(join(images, 'latest.pgp'), await signLatest(at.published, { ...latest }));
  cpSync(join(images, '7.pgp'), join(images, '9.pgp'));
  assert.equal(rescue(at, at.published.repository).status, 1);
  assert.ok(!existsSync(join(at.sysroot, 'rootfs/boot')));
});

/** The plan alone, for manifests that no publisher of ours writes. */
function plan(at: Place, lines: readonly string[]): Ran {
  rescue(at, '/nowhere');
  const work = join(at.folder, 'work');
  mkdirSync(work, { recursive: true });
  const root = '. type=dir mode=0755 uid=0 gid=0 time=1.000000000';
  writeFileSync(join(work, 'manifest'), ['#mtree v2.0', root, ...lines, ''].join('\n'));
  const script = `. ${BOOT}/ripple-rescue; . ${BOOT}/ripple-rescue-tree; rs_work=$1; rs_plan`;
  const applets = join(at.folder, 'applets');
  const ran = spawnSync(join(applets, 'sh'), ['-c', script, 'plan', work], {
    encoding: 'utf8',
    env: { PATH: applets },
  });
  return { status: ran.status, told: ran.stderr };
}

test('a manifest cannot lead out of the new tree', asRoot, async (t) => {
  const at = await place(t);
  const rest = 'mode=0644 uid=0 gid=0 time=1.000000000';
  const file = `type=file ${rest} size=1 sha256=${'a'.repeat(64)}`;
  const folder = `type=dir ${rest}`;
  assert.equal(plan(at, [`./a ${folder}`, `./a/b ${file}`]).status, 0);
  for (const lines of [
    [`../a ${file}`],
    [`/etc/passwd ${file}`],
    [`./../a ${file}`],
    [`./a ${folder}`, `./a/../../b ${file}`],
    [`./a ${folder}`, `./a/.. ${folder}`],
    [`./a//b ${file}`],
    [`./\\056\\056 ${folder}`],
    [`./a\\057b ${file}`],
    [`./a\\000 ${file}`],
    [`./a\\n ${file}`],
    [`./a type=link ${rest} link=/etc`, `./a/passwd ${file}`],
    [`./nowhere/b ${file}`],
    [`./a ${file}`, `./a ${folder}`, `./a/b ${file}`],
    ['#ripple: hardlink=./gone', `./a ${file}`],
    ['#ripple: hardlink=/etc/passwd', `./a ${file}`],
    [`./a type=file ${rest} size=1 sha256=abc`],
    [`./a type=file mode=0644;reboot uid=0 gid=0 time=1.0 size=1 sha256=${'a'.repeat(64)}`],
    [`./a type=char ${rest} device=$(reboot)`],
    [`./a type=socket ${rest}`],
    ['./a'],
  ]) {
    const { status, told } = plan(at, lines);
    assert.equal(status, 1, lines.join('\n'));
    assert.match(told, /manifest:\d+: /, lines.join('\n'));
  }
});

test('ripple keyring export says what is wrong with its file', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'keyring.pgp');
  writeFileSync(file, 'no keyring');
  for (const name of [file, join(folder, 'gone')]) {
    const { status, stderr } = await ripple(['keyring', 'export', '--file', name, '--out', join(folder, 'out')]);
    assert.equal(status, 1);
    assert.match(stderr, /^ripple keyring: [^\n]+\n$/);
    assert.ok(stderr.includes(name), stderr);
  }
});
