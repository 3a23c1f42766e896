/** Where the content of a damaged file can be had again, and every name that its new inode must get. */
import { linkSync } from 'node:fs';
import { HashMismatchError } from '../api/errors.ts';
import type { ByteString, Entry, FileEntry } from '../core/entry.ts';
import { inodeKey } from '../core/plan.ts';
import type { BlobRef } from '../core/ports.ts';
import { copyContent, hashFile } from './content.ts';
import { type DiskPath, diskPath, lstatIfThere, printable } from './disk-path.ts';
import type { Deployment, Layout } from './layout.ts';
import { applyMetadata, metadataDifference, sameXattrs } from './metadata.ts';
import type { Pace } from './pace.ts';
import { removeTree } from './remove-tree.ts';

export interface RepairTree {
  readonly deployment: Deployment;
  readonly manifest: readonly Entry[];
}

/** One name on the disk. */
export interface Place {
  readonly root: string;
  readonly entry: Entry;
}

export interface RepairSourcesOptions {
  readonly layout: Layout;
  readonly tree: RepairTree;
  readonly others: readonly RepairTree[];
  readonly fetchBlob: (ref: BlobRef) => Promise<string>;
  readonly pace: Pace;
}

export class RepairSources {
  readonly #options: RepairSourcesOptions;
  readonly #root: string;

  constructor(options: RepairSourcesOptions) {
    this.#options = options;
    this.#root = options.layout.deployment(options.tree.deployment);
  }

  /**
   * All names of the hard-link group in this tree; and in the other trees of each group that shares an inode with it all
   * names, too: an earlier repair that was cut short may have replaced some of them already. What another tree has
   * behind a damaged folder is left to the repair of that tree.
   */
  placesOf(entry: FileEntry): Place[] {
    const { layout, tree, others } = this.#options;
    const own = tree.manifest.filter(isFile).filter((other) => groupOf(other) === groupOf(entry));
    const ownPlaces = own.map((member) => ({ root: this.#root, entry: member }));
    const inodes = new Set(ownPlaces.map(inodeAt).filter((inode) => inode !== undefined));
    const key = inodeKey(entry);
    const shared = others.flatMap(({ deployment, manifest }) => {
      const root = layout.deployment(deployment);
      const equal = manifest
        .filter(isFile)
        .filter((other) => other.sha256 === entry.sha256 && inodeKey(other) === key && isReachable(root, other.path))
        .map((other) => ({ root, entry: other }));
      const sharing = equal.filter((place) => inodes.has(inodeAt(place) ?? ''));
      const groups = new Set(sharing.map((place) => groupOf(place.entry)));
      return equal.filter((place) => groups.has(groupOf(place.entry)));
    });
    // This tree last: cut short, it is still damaged, and the next repair goes on with it.
    return [...shared, ...ownPlaces];
  }

  /**
   * Makes the inode for `places` at `temporary`. A good twin in another tree is shared, if no other name there changes;
   * else the content may be right here (only the metadata is wrong), or elsewhere; else it is fetched.
   */
  async makeFile(entry: FileEntry, places: readonly Place[], temporary: string): Promise<void> {
    const mayShare = places.every(({ root }) => root === this.#root);
    // Names of another file system, or subvolume, cannot be shared.
    const device = lstatIfThere(this.#root)?.dev;
    const sources: DiskPath[] = [diskPath(this.#root, entry.path)];
    for (const { deployment, manifest } of this.#options.others) {
      const root = this.#options.layout.deployment(deployment);
      for (const other of manifest) {
        if (other.type !== 'file' || other.sha256 !== entry.sha256) continue;
        sources.push(diskPath(root, other.path));
        if (mayShare && lstatIfThere(root)?.dev === device && (await this.#isGoodTwin(entry, { root, entry: other }))) {
          linkSync(diskPath(root, other.path), temporary);
          return;
        }
      }
    }
    for (const source of sources)
      if (await this.#tryCopy(source, entry, temporary)) return applyMetadata(temporary, entry);
    const { sha256, sizeBytes } = entry;
    const fetched = await this.#options.fetchBlob({ sha256, sizeBytes });
    if (!(await this.#tryCopy(fetched, entry, temporary)))
      throw new HashMismatchError(printable(entry.path), sha256, 'other content');
    applyMetadata(temporary, entry);
  }

  /** Whole on the disk, equal in everything, and not yet the inode of another file of this tree. */
  async #isGoodTwin(entry: FileEntry, twin: Place): Promise<boolean> {
    if (twin.entry.type !== 'file' || inodeKey(twin.entry) !== inodeKey(entry)) return false;
    const path = diskPath(twin.root, twin.entry.path);
    const stat = lstatIfThere(path);
    if (stat === undefined || metadataDifference(stat, entry) !== undefined || !sameXattrs(path, entry)) return false;
    const same = this.#options.tree.manifest.filter((own) => own.type === 'file' && own.sha256 === entry.sha256);
    if (same.some((own) => inodeAt({ root: this.#root, entry: own }) === inodeAt(twin))) return false;
    return (await hashFile(path, this.#options.pace)).sha256 === entry.sha256;
  }

  async #tryCopy(source: DiskPath, entry: FileEntry, temporary: string): Promise<boolean> {
    const stat = lstatIfThere(source);
    if (!stat?.isFile() || stat.size !== BigInt(entry.sizeBytes)) return false;
    const sizes = { sparse: entry.sparse ?? false, maxBytes: entry.sizeBytes, pace: this.#options.pace };
    const content = await copyContent(source, temporary, sizes);
    if (content.sha256 === entry.sha256) return true;
    await removeTree(temporary);
    return false;
  }
}

function isFile(entry: Entry): entry is FileEntry {
  return entry.type === 'file';
}

function groupOf(entry: FileEntry): ByteString {
  return entry.hardLinkOf ?? entry.path;
}

/** Device and number: two subvolumes have the same numbers for different inodes. */
function inodeAt({ root, entry }: Place): string | undefined {
  const stat = lstatIfThere(diskPath(root, entry.path));
  return stat && `${stat.dev} ${stat.ino}`;
}

/** Every folder above is a real folder: nothing is ever changed through a symbolic link. */
export function isReachable(root: string, path: ByteString): boolean {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    if (!lstatIfThere(diskPath(root, path.slice(0, at)))?.isDirectory()) return false;
  return true;
}
