import assert from 'node:assert/strict';
import { linkSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { repairDeployment } from '../../service/deploy/repair.ts';
import { type Damage, verifyDeployment } from '../../service/deploy/verify.ts';
import { DeployedPair, keepTime, scribble } from '../helpers/deployed-pair.ts';
import { file, smallImage, TestSysroot, type TestTree, treeOf, WITHOUT_LINKS, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

test('a damaged file that two trees share is replaced in both by one new inode, and so are its other names', {
  skip: WITHOUT_LINKS,
}, async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  const names = [pair.six, pair.seven].flatMap((root) => [join(root, 'bin/busy'), join(root, 'bin/cat')]);
  const old = lstatSync(names[0] ?? '').ino;
  scribble(names[0] ?? '');
  const found = await pair.damaged(7);
  assert.deepEqual(found, [{ path: './bin/busy', reason: 'content' }]);
  await pair.repair(found);
  assert.equal(pair.fetched.length, 1);
  const inodes = new Set(names.map((name) => lstatSync(name).ino));
  assert.equal(inodes.size, 1);
  assert.ok(!inodes.has(old));
  assert.deepEqual([await pair.damaged(6), await pair.damaged(7)], [[], []]);
});

test('a missing file is shared again with the tree that has it, and nothing is fetched', {
  skip: WITHOUT_LINKS,
}, async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  rmSync(join(pair.seven, 'etc/same'));
  await pair.repair(await pair.damaged(7));
  assert.equal(lstatSync(join(pair.six, 'etc/same')).ino, lstatSync(join(pair.seven, 'etc/same')).ino);
  assert.deepEqual(pair.fetched, []);
  assert.deepEqual([await pair.damaged(6), await pair.damaged(7)], [[], []]);
});

test('two files that must not be one inode are parted', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  rmSync(join(pair.seven, 'extra'), { force: true });
  const path = join(pair.seven, 'usr/lib/copy');
  keepTime(join(pair.seven, 'usr/lib'), () => linkSync(join(pair.seven, 'usr/lib/big'), path));
  const { entries } = smallImage(7);
  const big = entries.find((entry) => entry.path === './usr/lib/big');
  assert.ok(big);
  const manifest = entries.flatMap((entry) => (entry === big ? [big, { ...big, path: './usr/lib/copy' }] : [entry]));
  const { damaged } = await verifyDeployment(pair.seven, manifest);
  assert.deepEqual(damaged, [{ path: './usr/lib/copy', reason: 'hard link' }]);
  const { layout } = pair.sysroot;
  const fetchBlob = () => Promise.reject(new RippleError('NoSource', 'not asked'));
  await repairDeployment(layout, { tree: { deployment: xo(7), manifest }, others: [], damaged, fetchBlob });
  assert.deepEqual((await verifyDeployment(pair.seven, manifest)).damaged, []);
});

/** Versions 6 and 7 of other trees than the small image, sharing; repairs 7 and answers how often a blob was fetched. */
class Trees {
  readonly sysroot: TestSysroot;
  readonly six: TestTree;
  readonly seven: TestTree;
  constructor(root: string, six: TestTree, seven: TestTree) {
    this.sysroot = new TestSysroot(root);
    this.six = six;
    this.seven = seven;
  }
  path(version: 6 | 7, name: string): string {
    return join(this.sysroot.layout.deployment(xo(version)), name);
  }
  async stage(): Promise<this> {
    this.sysroot.fill(this.six);
    await this.sysroot.stage(6, this.six);
    this.sysroot.fill(this.seven);
    await this.sysroot.stage(7, this.seven, { base: this.sysroot.base(6, this.six) });
    return this;
  }
  async damaged(version: 6 | 7): Promise<readonly Damage[]> {
    const { entries } = version === 6 ? this.six : this.seven;
    return (await verifyDeployment(this.path(version, ''), entries)).damaged;
  }
  async repair(): Promise<number> {
    let fetched = 0;
    await repairDeployment(this.sysroot.layout, {
      tree: { deployment: xo(7), manifest: this.seven.entries },
      others: [{ deployment: xo(6), manifest: this.six.entries }],
      damaged: await this.damaged(7),
      fetchBlob: async ({ sha256 }) => {
        fetched++;
        this.sysroot.fill(this.seven);
        return this.sysroot.blobPath(sha256) ?? '';
      },
    });
    return fetched;
  }
}

test('a twin in another tree that is damaged itself is not shared', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  rmSync(join(pair.seven, 'etc/same'));
  scribble(join(pair.six, 'etc/same'));
  await pair.repair(await pair.damaged(7));
  assert.equal(pair.fetched.length, 1);
  assert.deepEqual(await pair.damaged(7), []);
});

test('a twin that another file of the tree shares already is not shared twice', async (t) => {
  const [a, b] = [file('./a', 'content'), file('./b', 'content')];
  const trees = await new Trees(tempFolder(t), treeOf([a]), treeOf([a, b])).stage();
  rmSync(trees.path(7, 'b'));
  assert.equal(await trees.repair(), 0);
  assert.deepEqual([await trees.damaged(6), await trees.damaged(7)], [[], []]);
});

test('replacing a shared file never makes two files of the other tree one', { skip: WITHOUT_LINKS }, async (t) => {
  const [a, b] = [file('./a', 'content'), file('./b', 'content')];
  const trees = await new Trees(tempFolder(t), treeOf([a, b]), treeOf([a])).stage();
  scribble(trees.path(7, 'a'));
  await trees.repair();
  assert.deepEqual([await trees.damaged(6), await trees.damaged(7)], [[], []]);
  assert.equal(lstatSync(trees.path(6, 'a')).ino, lstatSync(trees.path(7, 'a')).ino);
});
