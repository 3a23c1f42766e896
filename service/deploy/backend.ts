/**
 * How trees share bytes. Staging decides *what* may be shared; a back end knows how its file system does it. Hard links
 * work on any POSIX file system; btrfs snapshots and reflinks come behind the same few functions.
 */
import { constants, copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import type { DiskPath } from './disk-path.ts';
import { removeTree } from './remove-tree.ts';

export interface Backend {
  readonly name: string;
  /** Makes the folder a tree is built in, readable by its owner only. Fails when it is there. */
  createTree(path: string): void;
  /** Removes a tree, or what is left of one; nothing there is fine. */
  removeTree(path: string): Promise<void>;
  /** `to` becomes the same file as `from`, in content and metadata. False: not this file on this file system; copy it. */
  share(from: DiskPath, to: DiskPath): boolean;
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
  readonly name = 'hardlink';
  /** One refusal speaks for the file system: it is not asked again for every file. */
  #clones = true;

  createTree(path: string): void {
    mkdirSync(path, { mode: 0o700 });
  }

  removeTree(path: string): Promise<void> {
    return removeTree(path);
  }

  share(from: DiskPath, to: DiskPath): boolean {
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
