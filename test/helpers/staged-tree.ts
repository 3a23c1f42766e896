/** What a tree on disk is held against. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { formatManifest } from '../../service/image/manifest.ts';
import type { TestTree } from './sysroot.ts';

/** The outside judge: silent when the tree is what the manifest says. */
function mtree(root: string, tree: TestTree): void {
  const result = spawnSync('mtree', ['-p', root], { input: formatManifest(tree.entries), encoding: 'latin1' });
  assert.equal(`${result.stdout}${result.stderr}`, '');
  assert.equal(result.status, 0);
}

/** Neither our own check nor mtree(8) finds a difference. */
export async function assertTree(root: string, tree: TestTree): Promise<void> {
  assert.deepEqual((await verifyDeployment(root, tree.entries)).damaged, []);
  mtree(root, tree);
}

/** Number of the inode at a path that is put together from `path`. */
export const inode = (...path: string[]) => lstatSync(join(...path)).ino;

export function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
