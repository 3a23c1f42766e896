import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stage } from '../../service/deploy/stage.ts';
import { assertTree, inode, sha } from '../helpers/staged-tree.ts';
import { file, smallImage, TestSysroot, treeOf, WITHOUT_LINKS, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

test('inodes are shared exactly where everything is equal', { skip: WITHOUT_LINKS }, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  await sysroot.deploy(6);
  await sysroot.deploy(7, 6);
  const [six, seven] = [sysroot.layout.deployment(xo(6)), sysroot.layout.deployment(xo(7))];
  for (const path of ['bin/busy', 'bin/cat', 'etc/same', 'lib'])
    assert.equal(inode(six, path), inode(seven, path), path);
  assert.equal(inode(six, 'usr/lib/moves.6'), inode(seven, 'usr/lib/moves.7'));
  for (const path of ['etc/version', 'etc/touched', 'usr/lib/big', 'newest'])
    assert.notEqual(inode(six, path), inode(seven, path), path);
  await assertTree(six, smallImage(6));
  await assertTree(seven, smallImage(7));
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
    await assertTree(sysroot.layout.deployment(xo(7)), tree);
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
  await assertTree(sysroot.layout.deployment(xo(7)), next);
});

test('the cache file becomes the tree file, once; files of the same content stay apart', {
  skip: WITHOUT_LINKS,
}, async (t) => {
  const sysroot = new TestSysroot(tempFolder(t));
  const tree = treeOf([file('./a', 'same'), file('./b', 'same', { mode: 0o755 })]);
  sysroot.fill(tree);
  const cached = inode(sysroot.layout.blobs, sha('same'));
  await sysroot.stage(7, tree);
  const root = sysroot.layout.deployment(xo(7));
  assert.equal(inode(root, 'a'), cached);
  assert.notEqual(inode(root, 'b'), cached);
  await assertTree(root, tree);
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
  await assertTree(sysroot.layout.deployment(xo(6)), six);
  await assertTree(sysroot.layout.deployment(xo(7)), seven);
});
