import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import { type RepairResult, repairDeployment } from '../../service/deploy/repair.ts';
import { type Damage, verifyDeployment } from '../../service/deploy/verify.ts';
import { setTimes, setXattr } from '../../service/sys/libc.ts';
import { file, smallImage, TEST_BACKEND, TestSysroot, type TestTree, treeOf, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

/** What only hard links do; `backends.test.ts` runs the rest on other back ends, too. */
const ownFileSystem = TEST_BACKEND === 'btrfs' ? 'a folder cannot be moved out of a subvolume' : false;
const withoutLinks = TEST_BACKEND === 'hardlink' ? false : 'equal files are not one inode here';

class Pair {
  readonly sysroot: TestSysroot;
  readonly six: string;
  readonly seven: string;
  fetched: string[] = [];
  constructor(sysroot: TestSysroot) {
    this.sysroot = sysroot;
    this.six = sysroot.layout.deployment(xo(6));
    this.seven = sysroot.layout.deployment(xo(7));
  }
  static async in(root: string): Promise<Pair> {
    const sysroot = new TestSysroot(root);
    await sysroot.deploy(6);
    await sysroot.deploy(7, 6);
    return new Pair(sysroot);
  }
  async damaged(version: 6 | 7): Promise<readonly Damage[]> {
    const root = version === 6 ? this.six : this.seven;
    return (await verifyDeployment(root, smallImage(version).entries)).damaged;
  }
  async repair(damaged: readonly Damage[]): Promise<RepairResult> {
    const { layout } = this.sysroot;
    return repairDeployment(layout, {
      tree: this.sysroot.base(7, smallImage(7)).deployment && { deployment: xo(7), manifest: smallImage(7).entries },
      others: [{ deployment: xo(6), manifest: smallImage(6).entries }],
      damaged,
      fetchBlob: async ({ sha256 }) => {
        this.fetched.push(sha256);
        const content = smallImage(7).blobs.get(sha256);
        if (content === undefined) throw new RippleError('NoSource', 'nobody has it');
        const path = join(layout.blobs, sha256);
        writeFileSync(path, content);
        return path;
      },
    });
  }
}

/** Changes bytes but neither size nor time: only the hash tells. */
function scribble(path: string): void {
  const { mtimeNs } = lstatSync(path, { bigint: true });
  const content = readFileSync(path);
  writeFileSync(path, Buffer.alloc(content.length, 'x'));
  setTimes(Buffer.from(path), mtimeNs);
}
function keepTime(folder: string, change: () => void): void {
  const { mtimeNs } = lstatSync(folder, { bigint: true });
  change();
  setTimes(Buffer.from(folder), mtimeNs);
}

test('every kind of damage is found and told, and gone after repair', async (t) => {
  const cases: readonly [string, (root: string) => void, readonly string[]][] = [
    ['content', (root) => scribble(join(root, 'etc/version')), ['./etc/version content']],
    ['size', (root) => appendFileSync(join(root, 'etc/version'), 'more'), ['./etc/version size']],
    ['mode', (root) => chmodSync(join(root, 'etc/version'), 0o666), ['./etc/version mode']],
    ['time', (root) => utimesSync(join(root, 'etc/version'), 1, 1), ['./etc/version time']],
    [
      'missing',
      (root) => keepTime(join(root, 'etc'), () => rmSync(join(root, 'etc/version'))),
      ['./etc/version missing'],
    ],
    [
      'xattrs',
      (root) => setXattr(Buffer.from(join(root, 'etc/version')), 'user.x', Buffer.from('1')),
      ['./etc/version xattrs'],
    ],
    ['folder mode', (root) => chmodSync(join(root, 'etc'), 0o777), ['./etc mode']],
    ['folder time', (root) => utimesSync(join(root, 'usr/lib'), 1, 1), ['./usr/lib time']],
    ['root mode', (root) => chmodSync(root, 0o700), ['. mode']],
    [
      'extra',
      (root) =>
        keepTime(root, () => {
          mkdirSync(join(root, 'extra/deep'), { recursive: true });
          writeFileSync(join(root, 'extra/deep/file'), '');
        }),
      ['./extra extra'],
    ],
    [
      'link target',
      (root) =>
        keepTime(root, () => {
          const { mtimeNs } = lstatSync(join(root, 'lib'), { bigint: true });
          rmSync(join(root, 'lib'));
          symlinkSync('usr/LIB', join(root, 'lib'));
          setTimes(Buffer.from(join(root, 'lib')), mtimeNs);
        }),
      ['./lib target'],
    ],
    [
      'file where a folder should be',
      (root) =>
        keepTime(root, () => {
          rmSync(join(root, 'etc'), { recursive: true });
          writeFileSync(join(root, 'etc'), '');
        }),
      ['./etc type', './etc/same missing', './etc/touched missing', './etc/version missing'],
    ],
    [
      'folder where a file should be',
      (root) =>
        keepTime(join(root, 'etc'), () => {
          rmSync(join(root, 'etc/version'));
          mkdirSync(join(root, 'etc/version/deep'), { recursive: true });
        }),
      ['./etc/version type'],
    ],
    [
      'a hard link that became a copy',
      (root) =>
        keepTime(join(root, 'bin'), () => {
          const path = join(root, 'bin/cat');
          const { mtimeNs } = lstatSync(path, { bigint: true });
          const content = readFileSync(path);
          rmSync(path);
          writeFileSync(path, content, { mode: 0o755 });
          setTimes(Buffer.from(path), mtimeNs);
        }),
      ['./bin/cat hard link'],
    ],
  ];
  for (const [title, damage, expected] of cases) {
    await t.test(title, async (t) => {
      const pair = await Pair.in(tempFolder(t));
      damage(pair.seven);
      const found = await pair.damaged(7);
      assert.deepEqual(
        found.map(({ path, reason }) => `${path} ${reason}`),
        expected,
      );
      assert.deepEqual(await pair.repair(found), { repaired: found.length, failed: [] });
      assert.deepEqual(await pair.damaged(7), []);
      assert.deepEqual(await pair.damaged(6), []);
      assert.deepEqual(readdirSync(pair.sysroot.layout.state).sort(), ['blobs', 'manifests', 'releases']);
    });
  }
});

test('a damaged file that two trees share is replaced in both by one new inode, and so are its other names', {
  skip: withoutLinks,
}, async (t) => {
  const pair = await Pair.in(tempFolder(t));
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
  skip: withoutLinks,
}, async (t) => {
  const pair = await Pair.in(tempFolder(t));
  rmSync(join(pair.seven, 'etc/same'));
  await pair.repair(await pair.damaged(7));
  assert.equal(lstatSync(join(pair.six, 'etc/same')).ino, lstatSync(join(pair.seven, 'etc/same')).ino);
  assert.deepEqual(pair.fetched, []);
  assert.deepEqual([await pair.damaged(6), await pair.damaged(7)], [[], []]);
});

test('two files that must not be one inode are parted', async (t) => {
  const pair = await Pair.in(tempFolder(t));
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
  const pair = await Pair.in(tempFolder(t));
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

test('replacing a shared file never makes two files of the other tree one', { skip: withoutLinks }, async (t) => {
  const [a, b] = [file('./a', 'content'), file('./b', 'content')];
  const trees = await new Trees(tempFolder(t), treeOf([a, b]), treeOf([a])).stage();
  scribble(trees.path(7, 'a'));
  await trees.repair();
  assert.deepEqual([await trees.damaged(6), await trees.damaged(7)], [[], []]);
  assert.equal(lstatSync(trees.path(6, 'a')).ino, lstatSync(trees.path(7, 'a')).ino);
});

test('nothing outside is read as the tree, or changed, through a folder that became a link', {
  skip: ownFileSystem,
}, async (t) => {
  const pair = await Pair.in(tempFolder(t));
  const outside = join(pair.sysroot.layout.sysroot, 'outside');
  keepTime(pair.seven, () => {
    renameSync(join(pair.seven, 'etc'), outside);
    symlinkSync(outside, join(pair.seven, 'etc'));
  });
  const before = readdirSync(outside).map((name) => lstatSync(join(outside, name)).ino);
  const found = await pair.damaged(7);
  assert.deepEqual(
    found.map(({ path, reason }) => `${path} ${reason}`),
    ['./etc type', './etc/same missing', './etc/touched missing', './etc/version missing'],
  );
  await pair.repair(found);
  assert.deepEqual(await pair.damaged(7), []);
  assert.deepEqual(
    readdirSync(outside).map((name) => lstatSync(join(outside, name)).ino),
    before,
  );
});

test('another tree in which a folder became a link is not changed through it', { skip: ownFileSystem }, async (t) => {
  const pair = await Pair.in(tempFolder(t));
  const outside = join(pair.sysroot.layout.sysroot, 'outside');
  renameSync(join(pair.six, 'bin'), outside);
  symlinkSync(outside, join(pair.six, 'bin'));
  const before = lstatSync(join(outside, 'busy')).ino;
  scribble(join(pair.seven, 'bin/busy'));
  const found = await pair.damaged(7);
  assert.deepEqual(await pair.repair(found), { repaired: found.length, failed: [] });
  assert.deepEqual(await pair.damaged(7), []);
  assert.equal(lstatSync(join(outside, 'busy')).ino, before);
});

test('what nobody has is told, and the rest is repaired', async (t) => {
  const pair = await Pair.in(tempFolder(t));
  scribble(join(pair.seven, 'etc/version'));
  chmodSync(join(pair.seven, 'usr/lib/big'), 0o600);
  const found = await pair.damaged(7);
  const { layout } = pair.sysroot;
  const result = await repairDeployment(layout, {
    tree: { deployment: xo(7), manifest: smallImage(7).entries },
    others: [],
    damaged: found,
    fetchBlob: () => Promise.reject(new RippleError('NoSource', 'nobody near has it')),
  });
  assert.equal(result.repaired, 1);
  assert.deepEqual(
    result.failed.map(({ path, error }) => [path, error.code]),
    [['./etc/version', 'NoSource']],
  );
  assert.deepEqual(await pair.damaged(7), [{ path: './etc/version', reason: 'content' }]);
});

test('a wrong blob is not put in place', async (t) => {
  const pair = await Pair.in(tempFolder(t));
  scribble(join(pair.seven, 'etc/version'));
  const wrong = join(pair.sysroot.layout.blobs, 'wrong');
  writeFileSync(wrong, '8\n');
  const result = await repairDeployment(pair.sysroot.layout, {
    tree: { deployment: xo(7), manifest: smallImage(7).entries },
    others: [],
    damaged: await pair.damaged(7),
    fetchBlob: async () => wrong,
  });
  assert.deepEqual(
    result.failed.map(({ error }) => error.code),
    ['HashMismatch'],
  );
  assert.equal(readFileSync(join(pair.seven, 'etc/version'), 'utf8'), 'xx');
});

test('verifying can be stopped, and says when there is no tree', async (t) => {
  const pair = await Pair.in(tempFolder(t));
  const { entries } = smallImage(7);
  await assert.rejects(verifyDeployment(pair.seven, entries, { signal: AbortSignal.abort() }), { code: 'Cancelled' });
  await assert.rejects(verifyDeployment(join(pair.seven, 'none'), entries), { code: 'UnknownVersion' });
  const seen: number[] = [];
  const result = await verifyDeployment(pair.seven, entries, {
    rateBytesPerSecond: 1e9,
    onProgress: (done) => seen.push(done),
  });
  assert.equal(result.checked, entries.length);
  assert.ok((seen.at(-1) ?? 0) > 70_000);
});
