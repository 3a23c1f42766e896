import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Entry } from '../../service/core/entry.ts';
import { diskPath } from '../../service/deploy/disk-path.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { formatManifest, parseManifest } from '../../service/image/manifest.ts';
import { walkTree } from '../../service/image/walk.ts';
import { makeOddTree } from '../helpers/odd-tree-on-disk.ts';
import { TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

/** What rsync would still have to change to make `copy` the same as `source`, in content and to the nanosecond: nothing. */
function rsyncDifferences(source: string, copy: string): string {
  const strict = ['--checksum', '--modify-window=-1'];
  const args = ['-aHAXn', ...strict, '--delete', '--itemize-changes', `${source}/`, `${copy}/`];
  const { status, stdout, stderr } = spawnSync('rsync', args, { encoding: 'latin1' });
  assert.equal(status, 0, stderr);
  return stdout;
}

function mtreeDifferences(manifest: Buffer, tree: string): string {
  const { stdout, stderr } = spawnSync('mtree', ['-p', tree], { input: manifest, encoding: 'latin1' });
  return stdout + stderr;
}

/** The content of every file of `root`, as a cache has it. */
function fillFrom(root: string, entries: readonly Entry[], sysroot: TestSysroot): void {
  for (const entry of entries) {
    if (entry.type !== 'file') continue;
    const cached = join(sysroot.layout.blobs, entry.sha256);
    if (!existsSync(cached)) copyFileSync(diskPath(root, entry.path), cached);
  }
}

test('a published tree comes out the same: for our walk, for mtree, for rsync', { skip }, async (t) => {
  const folder = tempFolder(t);
  const [source, root] = [join(folder, 'source'), join(folder, 'sysroot')];
  mkdirSync(source);
  makeOddTree(source);
  const manifest = formatManifest((await walkTree(source)).entries);
  const entries = parseManifest(manifest);
  const sysroot = new TestSysroot(root);
  fillFrom(source, entries, sysroot);
  await sysroot.stage(6, { entries, blobs: new Map() });
  await sysroot.stage(7, { entries, blobs: new Map() }, { base: { deployment: xo(6), manifest: entries } });
  for (const version of [6, 7]) {
    const tree = sysroot.layout.deployment(xo(version));
    assert.equal(mtreeDifferences(manifest, tree), '');
    assert.equal(rsyncDifferences(source, tree), '');
    assert.deepEqual((await verifyDeployment(tree, entries)).damaged, []);
    assert.equal(formatManifest((await walkTree(tree)).entries).toString('latin1'), manifest.toString('latin1'));
  }
});

test('the judges see the smallest difference', { skip }, async (t) => {
  const [one, two] = [tempFolder(t), tempFolder(t)];
  for (const folder of [one, two]) makeOddTree(folder);
  assert.notEqual(rsyncDifferences(one, two), '', 'random content differs');
  const manifest = formatManifest((await walkTree(one)).entries);
  assert.notEqual(mtreeDifferences(manifest, two), '');
});
