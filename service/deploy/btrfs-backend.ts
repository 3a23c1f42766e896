/** Trees as btrfs subvolumes: a new one is a snapshot of the old one, whatever its size, and goes in one step. */
import { chmodSync } from 'node:fs';
import { createSubvolume, deleteSubvolume, isSubvolume, snapshotSubvolume } from '../sys/btrfs.ts';
import { type BackendName, ReflinkBackend } from './backend.ts';
import { lstatIfThere } from './disk-path.ts';

export class BtrfsBackend extends ReflinkBackend {
  override readonly name: BackendName = 'btrfs';

  /** A base that came here another way (adopted, say) is a plain folder: then the new tree starts empty and clones files. */
  override createTree(path: string, base: string | undefined): boolean {
    const filled = base !== undefined && isSubvolume(base);
    if (filled) snapshotSubvolume(base, path);
    else createSubvolume(path);
    chmodSync(path, 0o700);
    return filled;
  }

  override async removeTree(path: string): Promise<void> {
    if (!lstatIfThere(path)?.isDirectory() || !isSubvolume(path)) return super.removeTree(path);
    try {
      deleteSubvolume(path);
    } catch (error) {
      // One that holds another subvolume, or is the system's default: emptied as a folder, it can be removed as one.
      if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EPERM'))
        return super.removeTree(path);
      throw error;
    }
  }
}
