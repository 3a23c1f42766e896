import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyContent } from '../../service/deploy/content.ts';
import { Pace } from '../../service/deploy/pace.ts';
import { getXattr, listXattrs, setXattr } from '../../service/sys/libc.ts';
import { IS_ROOT } from '../helpers/as-user.ts';
import { oddTree } from '../helpers/odd-tree.ts';
import { assertTree, inode, sha } from '../helpers/staged-tree.ts';
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

test('a tree of every kind of entry is written so that mtree and our own check find nothing', {
  skip: !IS_ROOT,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = oddTree();
  sysroot.fill(tree);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  await sysroot.stage(7, tree);
  const root = sysroot.layout.deployment(xo(7));
  await assertTree(root, tree);
  assert.ok(lstatSync(join(root, 'sparse')).blocks * 512 < 100_000, 'holes are holes');
  assert.deepEqual(readdirSync(sysroot.layout.rootfs), ['xo.7']);
  assert.deepEqual(readdirSync(sysroot.layout.blobs), []);

  // Again, from itself: every inode that can be shared is.
  const again = await sysroot.stage(8, tree, { base: sysroot.base(7, tree) });
  const other = sysroot.layout.deployment(xo(8));
  await assertTree(other, tree);
  const files = tree.entries.filter(({ type }) => type === 'file' || type === 'link');
  for (const { path } of files) {
    const at = (root: string) =>
      lstatSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path.slice(2), 'latin1')])).ino;
    if (TEST_BACKEND !== 'reflink') assert.equal(at(root), at(other), path);
  }
  assert.equal(again.copied, 0);
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

test('what an attempt that was cut short did to a cache file does not get into the tree', {
  skip: !IS_ROOT,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./f', 'content')]);
  sysroot.fill(tree);
  const cached = Buffer.from(join(sysroot.layout.blobs, sha('content')));
  setXattr(cached, 'user.left', Buffer.from('over'));
  chmodSync(cached, 0o4755);
  await sysroot.stage(7, tree);
  assert.deepEqual(listXattrs(Buffer.from(join(sysroot.layout.deployment(xo(7)), 'f'))), []);
  await assertTree(sysroot.layout.deployment(xo(7)), tree);
});

test('capabilities and setuid bits survive the change of owner', { skip: !IS_ROOT }, async (t) => {
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
  await assertTree(root, tree);
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
  await assertTree(sysroot.layout.deployment(xo(7)), tree);
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

test('an ordinary user stages its own files, and is told what it may not do', { skip: !IS_ROOT }, async (t) => {
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
    await assertTree(sysroot.layout.deployment(xo(7)), tree);
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
