/** Writes the entries of one tree, step by step, into a new folder. Used by staging only. */
import { type BigIntStats, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { HashMismatchError, RippleError } from '../api/errors.ts';
import type { ByteString, DirectoryEntry, Entry, FileEntry, SymlinkEntry } from '../core/entry.ts';
import type { StageStep } from '../core/plan.ts';
import type { BlobRef } from '../core/ports.ts';
import type { Backend } from './backend.ts';
import { type Content, type CopyOptions, copyContent, hashFile } from './content.ts';
import { type DiskPath, diskPath, lstatIfThere, printable } from './disk-path.ts';
import { makeNode } from './make-node.ts';
import { adoptMetadata, applyMetadata, applyOpenMetadata, metadataDifference } from './metadata.ts';
import type { Pace } from './pace.ts';

export interface BuilderOptions {
  readonly backend: Backend;
  /** The new tree; `createTree` has made it. */
  readonly root: string;
  /** The tree that shares; needed when a step links or copies. */
  readonly baseRoot: string | undefined;
  /** What is in the new tree already, because it is a snapshot of the base. */
  readonly kept: ReadonlySet<ByteString>;
  /** Where a blob lies that was checked, if it is here. */
  readonly blobPath: (sha256: string) => string | undefined;
  /** Gets and checks a blob that turns out to be missing (the base was damaged); answers where it lies. */
  readonly fetchBlob: ((ref: BlobRef) => Promise<string>) | undefined;
  readonly pace: Pace;
}

export class TreeBuilder {
  /** Blobs whose content is in the tree now. */
  readonly usedBlobs = new Set<string>();
  linked = 0;
  copied = 0;
  readonly #options: BuilderOptions;
  readonly #folders: DirectoryEntry[] = [];

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** Only answers a promise when bytes must be moved: most steps are a link, and those must cost no more than that. */
  place(step: StageStep): Promise<void> | undefined {
    const path = diskPath(this.#options.root, step.entry.path);
    switch (step.kind) {
      case 'link':
        if (this.#share(step.entry, step.from, path)) return undefined;
        if (step.entry.type === 'link') return this.#make(step.entry, path);
        return this.#copy(step.entry, step.from, path);
      case 'copy':
        return this.#copy(step.entry, step.from, path);
      case 'blob':
        return this.#fromBlob(step.entry, path);
      case 'peer':
        return this.#peer(step.entry, step.first, path);
      case 'make':
        return this.#make(step.entry, path);
    }
  }

  /** Folders get their modes and times last, the innermost first: until then all are open, and every new name moves a time. */
  async finish(): Promise<void> {
    for (const folder of this.#folders.reverse()) {
      const path = diskPath(this.#options.root, folder.path);
      if (this.#options.kept.has(folder.path)) adoptMetadata(path, folder, lstatSync(path, { bigint: true }));
      else applyMetadata(path, folder);
      if (this.#options.pace.due) await this.#options.pace.breathe();
    }
  }

  /** Shares what the base has, but only while it is as it was hashed: whatever wrote to it has changed its size or time. */
  #share(entry: FileEntry | SymlinkEntry, from: Entry, path: DiskPath): boolean {
    const { backend, baseRoot, kept } = this.#options;
    if (baseRoot === undefined) return false;
    if (kept.has(entry.path)) {
      if (isAsHashed(path, entry)) {
        this.linked++;
        return true;
      }
      rmSync(path, { force: true });
    }
    const source = diskPath(baseRoot, from.path);
    const shared = isAsHashed(source, from) && backend.share(source, path, entry.type);
    if (!shared) return false;
    if (shared === 'cloned') applyMetadata(path, entry);
    this.linked++;
    return true;
  }

  #peer(entry: FileEntry, first: FileEntry, path: DiskPath): undefined {
    if (this.#options.backend.link(diskPath(this.#options.root, first.path), path)) return undefined;
    throw new RippleError('IoError', `${printable(entry.path)}: this file system cannot link it to its other names`);
  }

  async #copy(entry: FileEntry, from: Entry, path: DiskPath): Promise<void> {
    if (await this.#copyFromBase(entry, from, path)) this.copied++;
    else await this.#fromBlob(entry, path);
  }

  /** False, and nothing at `path`, when the base does not have these bytes any more. */
  async #copyFromBase(entry: FileEntry, from: Entry, path: DiskPath): Promise<boolean> {
    const { backend, baseRoot } = this.#options;
    if (baseRoot === undefined) return false;
    const source = diskPath(baseRoot, from.path);
    const stat = lstatIfThere(source);
    if (!stat?.isFile() || stat.size !== BigInt(entry.sizeBytes)) return false;
    const content = await this.#bytes(source, entry, path, backend.cloneContent(source, path));
    if (content.sha256 === entry.sha256) return true;
    rmSync(path);
    return false;
  }

  /** Bytes that are what they should be get their metadata, others never do. */
  async #bytes(source: DiskPath, entry: FileEntry, path: DiskPath, cloned: boolean): Promise<Content> {
    if (!cloned) return copyContent(source, path, this.#copying(entry, path));
    const content = await hashFile(path, this.#options.pace);
    if (content.sha256 === entry.sha256) applyMetadata(path, entry);
    return content;
  }

  /** The metadata is given while the file is open. */
  #copying(entry: FileEntry, path: DiskPath): CopyOptions {
    return {
      sparse: entry.sparse ?? false,
      maxBytes: entry.sizeBytes,
      pace: this.#options.pace,
      seal: (fd, content) => {
        if (content.sha256 === entry.sha256) applyOpenMetadata(fd, path, entry);
      },
    };
  }

  async #fromBlob(entry: FileEntry, path: DiskPath): Promise<void> {
    const { backend } = this.#options;
    const blob = await this.#locate(entry);
    const stat = lstatSync(blob, { bigint: true });
    // The cache's file becomes the tree's, which costs no bytes, and stays in the cache until the tree is committed. More
    // than one link: it is in a tree already, whose metadata must not change.
    if (!entry.sparse && isWholeAndUnshared(stat, entry) && backend.link(blob, path)) {
      adoptMetadata(path, entry, stat);
    } else {
      // A clone has the holes of the blob, which has none.
      const cloned = !entry.sparse && backend.cloneContent(blob, path);
      const content = await this.#bytes(blob, entry, path, cloned);
      if (content.sha256 !== entry.sha256)
        throw new HashMismatchError(printable(entry.path), entry.sha256, content.sha256 || 'more bytes than it has');
    }
    this.usedBlobs.add(entry.sha256);
  }

  async #locate({ path, sha256, sizeBytes }: FileEntry): Promise<string> {
    const here = this.#options.blobPath(sha256);
    if (here !== undefined) return here;
    if (this.#options.fetchBlob) return this.#options.fetchBlob({ sha256, sizeBytes });
    throw new RippleError('NoSource', `${printable(path)}: its blob ${sha256} is not here`);
  }

  #make(entry: Exclude<Entry, FileEntry>, path: DiskPath): undefined {
    if (entry.type === 'dir') {
      // Not its own mode yet: the folder must be writable while it fills, and closed to everybody else.
      if (entry.path !== '.' && !this.#options.kept.has(entry.path)) mkdirSync(path, { mode: 0o700 });
      this.#folders.push(entry);
      return undefined;
    }
    makeNode(entry, path);
    applyMetadata(path, entry);
    return undefined;
  }
}

function isAsHashed(path: DiskPath, entry: Entry): boolean {
  const stat = lstatIfThere(path);
  return stat !== undefined && metadataDifference(stat, entry) === undefined;
}

function isWholeAndUnshared(stat: BigIntStats, entry: FileEntry): boolean {
  return stat.isFile() && stat.nlink === 1n && stat.size === BigInt(entry.sizeBytes);
}
