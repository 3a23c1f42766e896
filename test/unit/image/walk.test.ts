import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Entry } from '../../../service/core/entry.ts';
import { displayPath } from '../../../service/image/entries.ts';
import { formatManifest, parseManifest } from '../../../service/image/manifest.ts';
import { contentBytes, walkTree } from '../../../service/image/walk.ts';
import { makeOddTree } from '../../helpers/odd-tree-on-disk.ts';
import { tempFolder } from '../../helpers/temp.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };

function judge(manifest: Buffer, tree: string, folder: string): { output: string; status: number | null } {
  writeFileSync(join(folder, 'manifest'), manifest);
  const { stdout, stderr, status } = spawnSync('mtree', ['-f', join(folder, 'manifest'), '-p', tree], {
    encoding: 'latin1',
  });
  return { output: stdout + stderr, status };
}

function find<T extends Entry['type']>(entries: readonly Entry[], path: string, type: T): Entry & { type: T } {
  const entry = entries.find((each) => each.path === path);
  const isWanted = (each: Entry | undefined): each is Entry & { type: T } => each?.type === type;
  if (!isWanted(entry)) throw new Error(`no ${type} at ${path}`);
  return entry;
}

test(
  'a tree of every odd thing: the entries are right, and a stock mtree agrees with the manifest',
  asRoot,
  async (t) => {
    const tree = tempFolder(t);
    makeOddTree(tree);
    const { entries, warnings } = await walkTree(tree);
    assert.deepEqual(warnings, []);
    assert.deepEqual(judge(formatManifest(entries), tree, tempFolder(t)), { output: '', status: 0 });
    assert.deepEqual(parseManifest(formatManifest(entries)), entries);

    const first = find(entries, './0-first-name-of-b', 'file');
    assert.equal(first.hardLinkOf, undefined);
    assert.equal(first.sha256, createHash('sha256').update('two').digest('hex'));
    for (const path of ['./a/b', './usr/bin/also-b'])
      assert.deepEqual(find(entries, path, 'file'), { ...first, path, hardLinkOf: first.path });
    assert.equal(find(entries, './link\n\xff', 'link').target, 'caf\xe9 \n*');
    find(entries, './fifo', 'fifo');
    assert.equal(find(entries, './null', 'char').device, 0x103);
    assert.equal(find(entries, './disk', 'block').device, 0x801);
    const su = find(entries, './su', 'file');
    assert.deepEqual([su.mode, su.uid, su.gid], [0o6755, 12, 34]);
    assert.equal(find(entries, './sticky', 'dir').mode, 0o1777);
    const closed = find(entries, './closed', 'file');
    assert.deepEqual([closed.mode, closed.uid, closed.gid, closed.sizeBytes], [0, 1234567, 7654321, 6]);
    const names = find(entries, './usr/bin/ping', 'file').xattrs?.map(({ name }) => name);
    assert.deepEqual(names, ['security.capability', 'user.text']);
    assert.deepEqual(find(entries, './dir with space', 'dir').xattrs, [
      { name: 'user.bytes', value: Buffer.from([0, 255, 10]) },
    ]);
    assert.deepEqual(find(entries, './dangling', 'link').xattrs, [{ name: 'trusted.link', value: Buffer.from('1') }]);
    const sparse = entries.filter((entry) => entry.type === 'file' && entry.sparse).map(({ path }) => path);
    assert.deepEqual(sparse, ['./holes', './only-a-hole']);
    assert.equal(find(entries, './a-b', 'file').timeNs, -312_753_293_211_000_000n);
    assert.equal(find(entries, './empty', 'file').timeNs, 4_105_310_706_000_000_001n);
    assert.equal(contentBytes(entries.filter(({ path }) => /^.\/(a|a\/b|0-.*|usr|usr\/bin\/also-b)$/.test(path))), 3);
  },
);

test('mtree and the manifest both notice what an intruder changes', asRoot, async (t) => {
  const folder = tempFolder(t);
  for (const change of ['chmod 4755 c', 'touch -r c t; printf z > c; touch -r t c; rm t', 'ln -sf x dangling']) {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    makeOddTree(tree);
    const before = formatManifest((await walkTree(tree)).entries);
    spawnSync('sh', ['-c', change], { cwd: tree });
    assert.equal(judge(before, tree, folder).status, 2, change);
    assert.notDeepEqual(formatManifest((await walkTree(tree)).entries), before, change);
    rmSync(tree, { recursive: true });
  }
});

test('the same tree gives the same manifest, byte for byte, wherever it lies', asRoot, async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'one'));
  makeOddTree(join(folder, 'one'));
  const first = formatManifest((await walkTree(join(folder, 'one'))).entries);
  assert.deepEqual(formatManifest((await walkTree(`${folder}/one/`)).entries), first);
  symlinkSync('one', join(folder, 'link'));
  assert.deepEqual(formatManifest((await walkTree(join(folder, 'link'))).entries), first);
  const copied = spawnSync('cp', ['-a', '--sparse=auto', 'one', 'an\nother'], { cwd: folder, encoding: 'utf8' });
  assert.equal(copied.stderr, '');
  assert.deepEqual(formatManifest((await walkTree(join(folder, 'an\nother'))).entries).toString(), first.toString());
});

test('content that is not known is kept as it was hashed, once, and known content is left alone', async (t) => {
  const folder = tempFolder(t);
  const [tree, existing, into] = [join(folder, 'tree'), join(folder, 'existing'), join(folder, 'into')];
  for (const each of [tree, existing, into]) mkdirSync(each);
  const contents = ['', 'small', 'known', 'x'.repeat((1 << 20) - 1), 'x'.repeat(1 << 20), 'x'.repeat(5_000_001)];
  for (const [i, content] of contents.entries())
    for (const copy of ['a', 'b']) writeFileSync(join(tree, `${i}${copy}`), content, { mode: 0o600 });
  const shaOf = (content: string): string => createHash('sha256').update(content).digest('hex');
  writeFileSync(join(existing, shaOf('known')), 'nwonk');
  writeFileSync(join(existing, shaOf('small')), 'cut');
  const { entries } = await walkTree(tree, { keep: { existing, into } });
  assert.equal(entries.length, 1 + 2 * contents.length);
  const kept = contents.filter((content) => content !== 'known');
  assert.deepEqual(readdirSync(into).sort(), kept.map(shaOf).sort());
  for (const content of kept) {
    assert.equal(readFileSync(join(into, shaOf(content)), 'latin1'), content);
    assert.equal(statSync(join(into, shaOf(content))).mode & 0o777, 0o644);
  }
});

test('progress counts every byte once, up to the total', async (t) => {
  const tree = tempFolder(t);
  writeFileSync(join(tree, 'a'), 'x'.repeat(40_000_000));
  linkSync(join(tree, 'a'), join(tree, 'b'));
  writeFileSync(join(tree, 'c'), 'abc');
  const seen: number[] = [];
  await walkTree(tree, {
    onProgress: (progress) => progress.phase === 'hash' && seen.push(progress.doneBytes, progress.totalBytes),
  });
  assert.equal(seen.at(-2), 40_000_003);
  assert.equal(seen.at(-1), 40_000_003);
  assert.ok(seen.length > 4);
});

test('sockets are left out, and said to be', async (t) => {
  const tree = tempFolder(t);
  const server = createServer().listen(join(tree, 'socket'));
  t.after(() => server.close());
  await once(server, 'listening');
  const { entries, warnings } = await walkTree(tree);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['.'],
  );
  assert.deepEqual(warnings, [`${tree}/socket is a socket and was left out`]);
});

test('mounts inside the tree are refused by name, of another file system and of the same', asRoot, async (t) => {
  const tree = tempFolder(t);
  const elsewhere = tempFolder(t);
  const point = join(tree, 'mount point');
  mkdirSync(point);
  for (const args of [
    ['-t', 'tmpfs', 'none', point],
    ['--bind', elsewhere, point],
  ]) {
    assert.equal(spawnSync('mount', args).status, 0);
    try {
      const message = `${point} is mounted inside the tree; unmount it, or publish a tree without it`;
      await assert.rejects(walkTree(tree), { code: 'InvalidArgument', message });
    } finally {
      spawnSync('umount', [point]);
    }
  }
  await walkTree(tree);
});

test('what is not a folder, or not there, is one clear error', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(walkTree(join(folder, 'file')), { code: 'InvalidArgument', message: /file is not a folder/ });
  await assert.rejects(walkTree(join(folder, 'no')), { code: 'IoError', message: /no: ENOENT/ });
});

test('it stops when asked to', async (t) => {
  const tree = tempFolder(t);
  writeFileSync(join(tree, 'file'), Buffer.alloc(30_000_000));
  const stop = new AbortController();
  const walking = walkTree(tree, { signal: stop.signal, onProgress: ({ phase }) => phase === 'hash' && stop.abort() });
  await assert.rejects(walking, { code: 'Cancelled' });
  await assert.rejects(walkTree(tree, { signal: AbortSignal.abort() }), { code: 'Cancelled' });
});

test('paths are shown on one line', () => {
  assert.equal(displayPath('./caf\xc3\xa9 x'), './café x');
  assert.equal(displayPath('./caf\xe9\n'), './caf\\xe9\\x0a');
  assert.equal(displayPath('./a\x1b[1m\n'), './a\\x1b[1m\\x0a');
});
