/**
 * How trees share bytes. Staging decides *what* may be shared; a back end knows how its file system does it:
 * - `hardlink`: equal files of two versions are one inode. Any POSIX file system can; what is damaged in one, is in both.
 * - `reflink`: equal files are two inodes with the same extents (ioctl_ficlone(2)). XFS and btrfs can.
 * - `btrfs`: a tree is a subvolume, made as a snapshot of the one before, and removed at once.
 */
import { constants, copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import type { DiskPath } from './disk-path.ts';
import { removeTree } from './remove-tree.ts';

export const BACKEND_NAMES = ['hardlink', 'reflink', 'btrfs'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** `linked`: the same inode. `cloned`: a new inode with the same content, which needs its metadata. */
export type Shared = 'linked' | 'cloned';

export interface Backend {
  readonly name: BackendName;
  /** Makes the folder a tree is built in, readable by its owner only. True: it holds all that `base` does. Fails when it is there. */
  createTree(path: string, base: string | undefined): boolean;
  /** Removes a tree, or what is left of one; nothing there is fine. */
  removeTree(path: string): Promise<void>;
  /** `to` shares the bytes of `from`, a file or a symbolic link of another tree. `undefined`: not here; copy it. */
  share(from: DiskPath, to: DiskPath, type: 'file' | 'link'): Shared | undefined;
  /** `to` becomes one more name of `from`. False: not of this file, or not there. */
  link(from: DiskPath, to: DiskPath): boolean;
  /** A new file `to` gets the content of `from` without its bytes being written again. False: copy the bytes. */
  cloneContent(from: DiskPath, to: DiskPath): boolean;
}

/** What `link(2)` says when this file cannot have one more name: another file system, too many names, not ours. */
const CANNOT_LINK = new Set(['EXDEV', 'EMLINK', 'EPERM']);
const CANNOT_CLONE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS']);

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export class HardLinkBackend implements Backend {
  readonly name: BackendName = 'hardlink';
  /** One refusal speaks for the file system: it is not asked again for every file. */
  #clones = true;

  createTree(path: string, _base?: string): boolean {
    mkdirSync(path, { mode: 0o700 });
    return false;
  }

  removeTree(path: string): Promise<void> {
    return removeTree(path);
  }

  share(from: DiskPath, to: DiskPath, _type: 'file' | 'link'): Shared | undefined {
    return this.link(from, to) ? 'linked' : undefined;
  }

  link(from: DiskPath, to: DiskPath): boolean {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (CANNOT_LINK.has(errorCode(error))) return false;
      throw error;
    }
  }

  cloneContent(from: DiskPath, to: DiskPath): boolean {
    if (!this.#clones) return false;
    try {
      copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      return true;
    } catch (error) {
      if (!CANNOT_CLONE.has(errorCode(error))) throw error;
      this.#clones = false;
      rmSync(to, { force: true });
      return false;
    }
  }
}

export class ReflinkBackend extends HardLinkBackend {
  override readonly name: BackendName = 'reflink';

  /** A symbolic link has no extents to share: it is made again. */
  override share(from: DiskPath, to: DiskPath, type: 'file' | 'link'): Shared | undefined {
    return type === 'file' && this.cloneContent(from, to) ? 'cloned' : undefined;
  }
}
