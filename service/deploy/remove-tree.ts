/** Removing a whole tree, whatever its names are, without holding the event loop. */
import { chmodSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { asBuffer, type DiskPath, lstatIfThere } from './disk-path.ts';
import { Pace } from './pace.ts';

const SLASH = Buffer.from('/');

/** Like `rm -rf`: nothing there is fine, and no symbolic link is followed. */
export async function removeTree(path: DiskPath): Promise<void> {
  const root = asBuffer(path);
  const stat = lstatIfThere(root);
  if (stat === undefined) return;
  if (!stat.isDirectory()) return unlinkSync(root);
  await removeFolder(root, new Pace());
}

async function removeFolder(folder: Buffer, pace: Pace): Promise<void> {
  // An image may hold folders that even their owner cannot write.
  chmodSync(folder, 0o700);
  for (const item of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, SLASH, item.name]);
    if (item.isDirectory()) await removeFolder(path, pace);
    else unlinkSync(path);
    if (pace.due) await pace.breathe();
  }
  rmdirSync(folder);
}
