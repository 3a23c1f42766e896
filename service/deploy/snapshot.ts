/** A snapshot of the base on its way to become another version: what does not stay the same goes, the rest is built in. */
import { chmodSync, readdirSync, unlinkSync } from 'node:fs';
import type { ByteString } from '../core/entry.ts';
import type { StageStep } from '../core/plan.ts';
import { diskPath } from './disk-path.ts';
import type { Pace } from './pace.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Removes from the snapshot at `root` whatever is no folder of the new tree and no file that stays at its path, and opens
 * the folders. Answers the paths that are left. Files in a snapshot are nobody else's: only their bytes are shared.
 */
export async function trimSnapshot(
  root: string,
  steps: readonly StageStep[],
  pace: Pace,
): Promise<ReadonlySet<ByteString>> {
  const folders = new Set<ByteString>();
  const leaves = new Set<ByteString>();
  for (const step of steps)
    if (step.kind === 'link' && step.from.path === step.entry.path) leaves.add(step.entry.path);
    else if (step.entry.type === 'dir') folders.add(step.entry.path);
  const kept = new Set<ByteString>();
  const walk = async (folder: ByteString): Promise<void> => {
    kept.add(folder);
    const at = diskPath(root, folder);
    chmodSync(at, 0o700);
    for (const item of readdirSync(at, { withFileTypes: true, encoding: 'buffer' })) {
      const path = `${folder}/${item.name.toString('latin1')}`;
      if (item.isDirectory()) await (folders.has(path) ? walk(path) : removeTree(diskPath(root, path)));
      else if (leaves.has(path)) kept.add(path);
      else unlinkSync(diskPath(root, path));
      if (pace.due) await pace.breathe();
    }
  };
  await walk('.');
  return kept;
}
