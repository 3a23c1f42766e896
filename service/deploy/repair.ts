/**
 * Repair: what scrubbing found damaged is made again and put in its place by rename, never written to. A file that
 * several trees share is replaced in all of them by one new inode, so that they go on sharing. Cut short, it may leave a
 * folder with the time of the replacement: the next scrub of that tree finds and mends it.
 */
import { linkSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { ByteString, DirectoryEntry, Entry } from '../core/entry.ts';
import type { BlobRef } from '../core/ports.ts';
import { syncFileSystem } from '../sys/libc.ts';
import { asBuffer, diskPath, lstatIfThere, printable } from './disk-path.ts';
import type { Layout } from './layout.ts';
import { makeNode } from './make-node.ts';
import { applyMetadata } from './metadata.ts';
import { Pace, throwIfCancelled } from './pace.ts';
import { removeTree } from './remove-tree.ts';
import { isReachable, type Place, RepairSources, type RepairTree } from './repair-sources.ts';
import type { Damage } from './verify.ts';

export type { RepairTree };

export interface RepairResult {
  /** How many of the damages are gone. */
  readonly repaired: number;
  /** What could not be made whole again, and why. */
  readonly failed: readonly { readonly path: ByteString; readonly error: RippleError }[];
}

export interface RepairOptions {
  /** The damaged tree and what `verifyDeployment` said of it. */
  readonly tree: RepairTree;
  readonly damaged: readonly Damage[];
  /** Every other tree that is here: it may share the damaged files, or hold a good copy. */
  readonly others: readonly RepairTree[];
  /** Gets and checks a blob; answers where it lies. */
  readonly fetchBlob: (ref: BlobRef) => Promise<string>;
  readonly signal?: AbortSignal;
}

/** A new inode, ready in the repair folder, and every name that it gets. */
interface Replacement {
  readonly temporary: string;
  readonly places: readonly Place[];
}

/** Fails with `Cancelled` (nothing was changed), `NoSpace` or `IoError`; a blob nobody has is told in the result. */
export async function repairDeployment(layout: Layout, options: RepairOptions): Promise<RepairResult> {
  const { deployment } = options.tree;
  const isSeparate = statSync(layout.deployment(deployment)).dev !== statSync(layout.rootfs).dev;
  const folder = isSeparate ? layout.repairInside(deployment) : layout.repair;
  await removeTree(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return await new Repair(layout, folder, options).run();
  } catch (error) {
    throw asRippleError(error);
  } finally {
    await removeTree(folder);
  }
}

class Repair {
  readonly #layout: Layout;
  /** Where the replacements wait, on the file system of the tree. */
  readonly #folder: string;
  readonly #options: RepairOptions;
  readonly #root: string;
  readonly #entries: ReadonlyMap<ByteString, Entry>;
  readonly #sources: RepairSources;
  readonly #failed: { path: ByteString; error: RippleError }[] = [];

  constructor(layout: Layout, folder: string, options: RepairOptions) {
    this.#layout = layout;
    this.#folder = folder;
    this.#options = options;
    this.#root = layout.deployment(options.tree.deployment);
    this.#entries = new Map(options.tree.manifest.map((entry) => [entry.path, entry]));
    this.#sources = new RepairSources({ ...options, layout, pace: new Pace(options.signal) });
  }

  async run(): Promise<RepairResult> {
    const { damaged, signal } = this.#options;
    const replacements = await this.#prepare();
    // The bytes first: after a power cut a name must never lead to a file that is not on the disk yet.
    await syncFileSystem(this.#folder);
    throwIfCancelled(signal);

    const touched = new Touched();
    for (const { path, reason } of damaged) {
      const entry = this.#entries.get(path);
      if (reason === 'extra') await this.#removeExtra(path, touched);
      else if (entry?.type === 'dir') await this.#openFolder(entry, touched);
    }
    for (const { temporary, places } of replacements)
      for (const place of places) await this.#replace(temporary, place, touched);
    // It may lie in the tree, whose root must then get its time back.
    await removeTree(this.#folder);
    if (this.#folder !== this.#layout.repair) touched.folder(this.#root, '.');
    touched.restoreFolders([this.#options.tree, ...this.#options.others], this.#layout);
    await syncFileSystem(this.#root);
    return { repaired: damaged.length - this.#failed.length, failed: this.#failed };
  }

  /** Makes every new inode in the repair folder. A hard-link group is one inode, however many of its names are damaged. */
  async #prepare(): Promise<Replacement[]> {
    const replacements: Replacement[] = [];
    const groups = new Set<ByteString>();
    for (const { path, reason } of this.#options.damaged) {
      const entry = this.#entries.get(path);
      if (reason === 'extra' || entry === undefined || entry.type === 'dir') continue;
      const temporary = `${this.#folder}/${replacements.length}`;
      if (entry.type !== 'file') {
        makeNode(entry, temporary);
        applyMetadata(temporary, entry);
        replacements.push({ temporary, places: [{ root: this.#root, entry }] });
        continue;
      }
      const group = entry.hardLinkOf ?? entry.path;
      if (groups.has(group)) continue;
      groups.add(group);
      const places = this.#sources.placesOf(entry);
      try {
        await this.#sources.makeFile(entry, places, temporary);
        replacements.push({ temporary, places });
      } catch (error) {
        const known = asRippleError(error);
        if (known.code !== 'NoSource' && known.code !== 'HashMismatch') throw known;
        for (const damage of this.#options.damaged)
          if (places.some(({ root, entry: member }) => root === this.#root && member.path === damage.path))
            this.#failed.push({ path: damage.path, error: known });
      }
    }
    return replacements;
  }

  async #removeExtra(path: ByteString, touched: Touched): Promise<void> {
    if (!isReachable(this.#root, path)) return;
    await removeTree(diskPath(this.#root, path));
    touched.add(this.#root, path);
  }

  async #openFolder(entry: DirectoryEntry, touched: Touched): Promise<void> {
    const path = diskPath(this.#root, entry.path);
    touched.folder(this.#root, entry.path);
    if (lstatIfThere(path)?.isDirectory()) return;
    await removeTree(path);
    mkdirSync(path, { mode: 0o700 });
    touched.add(this.#root, entry.path);
  }

  async #replace(temporary: string, { root, entry }: Place, touched: Touched): Promise<void> {
    if (!isReachable(root, entry.path))
      throw new RippleError('IoError', `${printable(entry.path)}: a folder above it is not a folder; verify ${root}`);
    const target = diskPath(root, entry.path);
    if (lstatIfThere(target)?.isDirectory()) await removeTree(target);
    const link = `${temporary}.link`;
    linkSync(temporary, link);
    renameSync(link, asBuffer(target));
    touched.add(root, entry.path);
  }
}

/** Folders whose times moved because a name in them was replaced. */
class Touched {
  readonly #folders = new Map<string, Set<ByteString>>();

  add(root: string, path: ByteString): void {
    this.folder(root, path.slice(0, path.lastIndexOf('/')));
  }

  folder(root: string, path: ByteString): void {
    const known = this.#folders.get(root);
    if (known) known.add(path);
    else this.#folders.set(root, new Set([path]));
  }

  /** The innermost first: manifests list a folder before what is in it. */
  restoreFolders(trees: readonly RepairTree[], layout: Layout): void {
    for (const { deployment, manifest } of trees) {
      const root = layout.deployment(deployment);
      const touched = this.#folders.get(root);
      if (touched === undefined) continue;
      for (const entry of manifest.toReversed())
        if (entry.type === 'dir' && touched.has(entry.path)) applyMetadata(diskPath(root, entry.path), entry);
    }
  }
}
