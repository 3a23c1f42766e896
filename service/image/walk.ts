/** Reads a tree into entries: what a manifest lists. */
import { lstatSync } from 'node:fs';
import type { Entry, FileEntry } from '../core/entry.ts';
import { hashFiles } from './hash-files.ts';
import type { HashJob } from './hash-worker.ts';
import type { Keep } from './keep.ts';
import { type Found, type ScanOptions, scanTree } from './scan.ts';
import { identityOf, requireUnchanged } from './unchanged.ts';

export interface WalkProgress {
  readonly phase: 'scan' | 'hash';
  /** Entries found so far. */
  readonly files: number;
  readonly doneBytes: number;
  /** 0 while scanning. */
  readonly totalBytes: number;
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: WalkProgress) => void) | undefined;
  /** Keeps the content of files, as it was hashed, where it is not known yet. */
  readonly keep?: Keep | undefined;
  readonly leaveOut?: ScanOptions['leaveOut'];
}

export interface WalkResult {
  /** Sorted by the bytes of the path, root first. */
  readonly entries: readonly Entry[];
  /** One line for everything that was left out. */
  readonly warnings: readonly string[];
}

type FoundFile = Extract<Found, { kind: 'file' }>;

/**
 * Every entry of the tree below `root`, each inode hashed once. Sockets are left out with a warning.
 * @throws RippleError `IoError` naming what changed while it was read, or cannot be read; `InvalidArgument` for a mount
 * inside the tree; `NoSpace`; `Cancelled`
 */
export async function walkTree(root: string, options: WalkOptions = {}): Promise<WalkResult> {
  const { signal, onProgress, keep } = options;
  const { found, warnings } = await scanTree(root, {
    signal,
    leaveOut: options.leaveOut,
    onEntries: (files) => onProgress?.({ phase: 'scan', files, doneBytes: 0, totalBytes: 0 }),
  });
  const firsts = firstNames(found);
  const jobs: HashJob[] = [...new Set(firsts.values())];
  const totalBytes = jobs.reduce((sum, job) => sum + Number(job.identity.size), 0);
  let doneBytes = 0;
  const hashes = await hashFiles(jobs, {
    keep,
    signal,
    onBytes: (bytes) => {
      doneBytes += bytes;
      onProgress?.({ phase: 'hash', files: found.length, doneBytes, totalBytes });
    },
  });
  recheck(found);
  const hashOf = new Map(jobs.map((job, i) => [job, hashes[i] ?? '']));
  const entries = found.map((item) => {
    if (item.kind === 'complete') return item.entry;
    const first = firsts.get(item) ?? item;
    return fileEntry(item, first, hashOf.get(first) ?? '');
  });
  return { entries, warnings };
}

/** For each file, the first name (in byte order, as `found` is) of the same inode. */
function firstNames(found: readonly Found[]): Map<FoundFile, FoundFile> {
  const byInode = new Map<bigint, FoundFile>();
  const firsts = new Map<FoundFile, FoundFile>();
  for (const item of found) {
    if (item.kind !== 'file') continue;
    const first = item.links > 1n ? (byInode.get(item.identity.ino) ?? item) : item;
    if (item.links > 1n) byInode.set(item.identity.ino, first);
    requireUnchanged(item.diskPath, first.identity, item.identity);
    firsts.set(item, first);
  }
  return firsts;
}

function fileEntry(item: FoundFile, first: FoundFile, sha256: string): FileEntry {
  return {
    ...item.base,
    type: 'file',
    sizeBytes: item.sizeBytes,
    sha256,
    ...(first !== item && { hardLinkOf: first.base.path }),
    ...(item.sparse && { sparse: true }),
  };
}

/** Hashing took a while: what was scanned before it, folders above all, must be the same after it. */
function recheck(found: readonly Found[]): void {
  for (const { diskPath, identity } of found) {
    const now = lstatSync(Buffer.from(diskPath, 'latin1'), { bigint: true, throwIfNoEntry: false });
    requireUnchanged(diskPath, identity, now && identityOf(now));
  }
}

/** Bytes of content in a tree, each inode counted once. */
export function contentBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, e) => (e.type === 'file' && e.hardLinkOf === undefined ? sum + e.sizeBytes : sum), 0);
}
