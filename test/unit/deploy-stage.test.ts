import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyContent } from '../../service/deploy/content.ts';
import { Pace } from '../../service/deploy/pace.ts';
import { stage } from '../../service/deploy/stage.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { formatManifest } from '../../service/image/manifest.ts';
import { getXattr, listXattrs, setXattr } from '../../service/sys/libc.ts';
import { oddTree } from '../helpers/odd-tree.ts';
import {
  device,
  file,
  folder,
  smallImage,
  symlink,
  TEST_BACKEND,
  TestSysroot,
  type TestTree,
  treeOf,
  xo,
} from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

/** What only hard links do; `backends.test.ts` runs the rest on other back ends, too. */
const withoutLinks = TEST_BACKEND === 'hardlink' ? false : 'equal files are not one inode here';

const isRoot = process.getuid?.() === 0;
const inode = (...path: string[]) => lstatSync(join(...path)).ino;

/** The outside judge: silent when the tree is what the manifest says. */
function mtree(root: string, tree: TestTree): void {
  const result = spawnSync('mtree', ['-p', root], { input: formatManifest(tree.entries), encoding: 'latin1' });
  assert.equal(`${result.stdout}${result.stderr}`, '');
  assert.equal(result.status, 0);
}
async function verified(root: string, tree: TestTree): Promise<void> {
  assert.deepEqual((await verifyDeployment(root, tree.entries)).damaged, []);
  mtree(root, tree);
}

test('a tree of every kind of entry is written so that mtree and our own check find nothing', {
  skip: !isRoot,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = oddTree();
  sysroot.fill(tree);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  await sysroot.stage(7, tree);
  const root = sysroot.layout.deployment(xo(7));
  await verified(root, tree);
  assert.ok(lstatSync(join(root, 'sparse')).blocks * 512 < 100_000, 'holes are holes');
  assert.deepEqual(readdirSync(sysroot.layout.rootfs), ['xo.7']);
  assert.deepEqual(readdirSync(sysroot.layout.blobs), []);

  // Again, from itself: every inode that can be shared is.
  const again = await sysroot.stage(8, tree, { base: sysroot.base(7, tree) });
  const other = sysroot.layout.deployment(xo(8));
  await verified(other, tree);
  const files = tree.entries.filter(({ type }) => type === 'file' || type === 'link');
  for (const { path } of files) {
    const at = (root: string) =>
      lstatSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path.slice(2), 'latin1')])).ino;
    if (TEST_BACKEND !== 'reflink') assert.equal(at(root), at(other), path);
  }
  assert.equal(again.copied, 0);
});

test('inodes are shared exactly where everything is equal', { skip: withoutLinks }, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  await sysroot.deploy(6);
  await sysroot.deploy(7, 6);
  const [six, seven] = [sysroot.layout.deployment(xo(6)), sysroot.layout.deployment(xo(7))];
  for (const path of ['bin/busy', 'bin/cat', 'etc/same', 'lib'])
    assert.equal(inode(six, path), inode(seven, path), path);
  assert.equal(inode(six, 'usr/lib/moves.6'), inode(seven, 'usr/lib/moves.7'));
  for (const path of ['etc/version', 'etc/touched', 'usr/lib/big', 'newest'])
    assert.notEqual(inode(six, path), inode(seven, path), path);
  await verified(six, smallImage(6));
  await verified(seven, smallImage(7));
});

test('a base file whose size, time or mode moved since it was hashed is not shared', async (t) => {
  for (const change of ['size', 'time', 'mode', 'gone'] as const) {
    const sysroot = new TestSysroot(tempFolder(t));
    const tree = treeOf([file('./f', 'content')]);
    sysroot.fill(tree);
    await sysroot.stage(6, tree);
    const path = join(sysroot.layout.deployment(xo(6)), 'f');
    if (change === 'size') writeFileSync(path, 'Content and more');
    if (change === 'time') utimesSync(path, 1, 1);
    if (change === 'mode') chmodSync(path, 0o666);
    if (change === 'gone') spawnSync('rm', [path]);
    let asked = 0;
    const fetchBlob = async () => {
      asked++;
      sysroot.fill(tree);
      return sysroot.blobPath(sha('content')) ?? '';
    };
    await sysroot.stage(7, tree, { base: sysroot.base(6, tree), fetchBlob });
    assert.equal(asked, change === 'size' || change === 'gone' ? 1 : 0, change);
    await verified(sysroot.layout.deployment(xo(7)), tree);
    if (change !== 'gone') assert.notEqual(inode(path), inode(sysroot.layout.deployment(xo(7)), 'f'));
  }
});

test('a damaged base of the same size and time is found when it is copied, and the blob is asked for', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./f', 'content')]);
  const next = treeOf([file('./f', 'content', { mode: 0o755 })]);
  sysroot.fill(tree);
  await sysroot.stage(6, tree);
  const path = join(sysroot.layout.deployment(xo(6)), 'f');
  writeFileSync(path, 'Content');
  await assert.rejects(sysroot.stage(7, next, { base: sysroot.base(6, tree) }), {
    code: 'NoSource',
    message: /\.\/f: its blob/,
  });
  assert.deepEqual(readdirSync(sysroot.layout.rootfs), ['xo.6']);
  sysroot.fill(tree);
  await sysroot.stage(7, next, { base: sysroot.base(6, tree) });
  await verified(sysroot.layout.deployment(xo(7)), next);
});

test('a blob that is wrong when it is copied is refused', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./f', 'content', { sparse: true })]);
  writeFileSync(join(sysroot.layout.blobs, sha('content')), 'kontent');
  await assert.rejects(sysroot.stage(7, tree), { code: 'HashMismatch' });
  writeFileSync(join(sysroot.layout.blobs, sha('content')), 'content and a lot more');
  await assert.rejects(sysroot.stage(7, tree), { code: 'HashMismatch' });
  assert.deepEqual(readdirSync(sysroot.layout.rootfs), []);
});

test('the cache file becomes the tree file, once; files of the same content stay apart', {
  skip: withoutLinks,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./a', 'same'), file('./b', 'same', { mode: 0o755 })]);
  sysroot.fill(tree);
  const cached = inode(sysroot.layout.blobs, sha('same'));
  await sysroot.stage(7, tree);
  const root = sysroot.layout.deployment(xo(7));
  assert.equal(inode(root, 'a'), cached);
  assert.notEqual(inode(root, 'b'), cached);
  await verified(root, tree);
});

test('a blob that is in another tree already is copied: that tree stays as it is', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const six = treeOf([file('./f', 'content')]);
  const seven = treeOf([file('./f', 'content', { mode: 0o4755, timeNs: 5n })]);
  sysroot.fill(six);
  const options = { layout: sysroot.layout, blobPath: sysroot.blobPath };
  // The cache was not told to drop the blob, as when power is cut right after the commit.
  await stage({ ...options, target: xo(6), manifest: six.entries });
  await stage({ ...options, target: xo(7), manifest: seven.entries });
  await verified(sysroot.layout.deployment(xo(6)), six);
  await verified(sysroot.layout.deployment(xo(7)), seven);
});

test('what an attempt that was cut short did to a cache file does not get into the tree', {
  skip: !isRoot,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./f', 'content')]);
  sysroot.fill(tree);
  const cached = Buffer.from(join(sysroot.layout.blobs, sha('content')));
  setXattr(cached, 'user.left', Buffer.from('over'));
  chmodSync(cached, 0o4755);
  await sysroot.stage(7, tree);
  assert.deepEqual(listXattrs(Buffer.from(join(sysroot.layout.deployment(xo(7)), 'f'))), []);
  await verified(sysroot.layout.deployment(xo(7)), tree);
});

test('capabilities and setuid bits survive the change of owner', { skip: !isRoot }, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  // cap_net_raw+ep, as in linux/capability.h: revision 2, effective.
  const value = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  const tree = treeOf([
    file('./ping', 'p', { mode: 0o755, gid: 12, xattrs: [{ name: 'security.capability', value }] }),
    file('./su', 's', { mode: 0o6755, uid: 65534 }),
  ]);
  sysroot.fill(tree);
  await sysroot.stage(7, tree);
  const root = sysroot.layout.deployment(xo(7));
  assert.deepEqual(getXattr(Buffer.from(join(root, 'ping')), 'security.capability'), value);
  await verified(root, tree);
});

test('a leftover of an earlier attempt is thrown away, and nothing is written through links in it', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const outside = join(sysroot.layout.sysroot, 'outside');
  mkdirSync(outside);
  const partial = sysroot.layout.partial(xo(7));
  mkdirSync(partial);
  spawnSync('ln', ['-s', outside, join(partial, 'etc')]);
  const tree = smallImage(7);
  sysroot.fill(tree);
  await sysroot.stage(7, tree);
  assert.deepEqual(readdirSync(outside), []);
  await verified(sysroot.layout.deployment(xo(7)), tree);
});

test('a manifest that leads through a symbolic link is refused before anything is written', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const outside = join(sysroot.layout.sysroot, 'outside');
  mkdirSync(outside);
  const tree = treeOf([file('./f', 'content')]);
  sysroot.fill(tree);
  const [root] = tree.entries;
  assert.ok(root);
  const entries = [root, symlink('./etc', outside).entry, file('./etc/passwd', 'content').entry];
  const evil = { ...tree, entries };
  await assert.rejects(sysroot.stage(7, evil), { code: 'InvalidArgument', message: /etc\/passwd/ });
  assert.deepEqual(readdirSync(outside), []);
});

test('a copy never takes more room than the file may have', async (t) => {
  const folder = tempFolder(t);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  writeFileSync(from, Buffer.alloc(3 << 20, 1));
  const content = await copyContent(from, to, { sparse: false, maxBytes: 1 << 20, pace: new Pace() });
  assert.ok(content.sizeBytes > 1 << 20);
  assert.ok(lstatSync(to).size <= 1 << 20);
});

test('a version that is here is not staged again', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  await sysroot.deploy(7);
  await assert.rejects(sysroot.stage(7, smallImage(7)), { code: 'WrongState', message: /xo\.7 is already/ });
});

test('stopped, it leaves nothing but the blobs it was given', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = smallImage(7);
  sysroot.fill(tree);
  const blobs = readdirSync(sysroot.layout.blobs);
  await assert.rejects(sysroot.stage(7, tree, { signal: AbortSignal.abort() }), { code: 'Cancelled' });
  assert.deepEqual(readdirSync(sysroot.layout.rootfs), []);
  assert.deepEqual(readdirSync(sysroot.layout.blobs), blobs);
});

test('progress ends at the whole size', async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = smallImage(7);
  sysroot.fill(tree);
  const seen: number[][] = [];
  await sysroot.stage(7, tree, { onProgress: (...numbers) => seen.push(numbers) });
  const last = seen.at(-1);
  assert.ok(last?.[0] !== undefined && last[0] > 70_000);
  assert.equal(last[0], last[1]);
});

test('an ordinary user stages its own files, and is told what it may not do', { skip: !isRoot }, async (t) => {
  const root = tempFolder(t);
  spawnSync('chown', ['65534:65534', root]);
  process.setegid?.(65534);
  process.seteuid?.(65534);
  try {
    const sysroot = new TestSysroot(root);
    const own = { uid: 65534, gid: 65534 };
    const tree = ownedBy(
      own,
      treeOf([
        folder('./closed', { mode: 0o555 }),
        file('./closed/f', 'content', { mode: 0o4711 }),
        symlink('./l', 'closed/f'),
      ]),
    );
    sysroot.fill(tree);
    await sysroot.stage(6, tree);
    await sysroot.stage(7, tree, { base: sysroot.base(6, tree) });
    await verified(sysroot.layout.deployment(xo(7)), tree);
    const [six, seven] = [6, 7].map((version) => inode(sysroot.layout.deployment(xo(version)), 'closed/f'));
    if (TEST_BACKEND !== 'reflink') assert.equal(six, seven);

    const rooted = treeOf([file('./f', 'content')]);
    sysroot.fill(rooted);
    await assert.rejects(sysroot.stage(8, rooted), {
      code: 'IoError',
      message: /\.\/f: may not give it owner 0:0.*root/,
    });
    const devices = ownedBy(own, treeOf([device('./null', 'char', 0x103)]));
    await assert.rejects(sysroot.stage(8, devices), {
      code: 'IoError',
      message: /\.\/null: cannot make a device node.*root/,
    });
    assert.deepEqual(readdirSync(sysroot.layout.rootfs), ['xo.6', 'xo.7']);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
});

function ownedBy(owner: { uid: number; gid: number }, tree: TestTree): TestTree {
  return { ...tree, entries: tree.entries.map((entry) => ({ ...entry, ...owner })) };
}
function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
