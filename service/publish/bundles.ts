/** Bundles in a repository: made on a thread of their own, whole on disk before they have their names. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeBundleFile } from '../bundles/make.ts';
import type { Side } from '../bundles/side.ts';
import type { BlobRef } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Repository } from '../store/repository.ts';
import { makeFolder, syncFolder } from '../sys/durable.ts';

export interface MadeBundle {
  /** 0: whole blobs are not larger, so there is none. */
  readonly bytes: number;
  /** What the same costs without it: the manifest and every blob that is new. */
  readonly blobBytes: number;
}

export interface BundleOptions {
  readonly repository: Repository;
  /** Manifests, whose blobs the repository has. */
  readonly from: BlobRef;
  readonly to: BlobRef;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

const PREFIX = '.new-';

/**
 * For who holds the repository's lock. One that is there is not made again.
 * @throws RippleError `IoError`, `NoSpace`, `Cancelled`
 */
export async function makeBundle(options: BundleOptions): Promise<MadeBundle> {
  const { repository, from, to } = options;
  const blobBytes = await costOfBlobs(repository, from, to);
  const path = formatRepositoryPath({ kind: 'bundle', from: from.sha256, to: to.sha256 });
  const target = join(repository.root, path);
  const found = await stat(target).catch(() => undefined);
  if (found?.isFile()) return { bytes: found.size, blobBytes };
  const folder = dirname(target);
  await makeFolder(folder);
  for (const name of await readdir(folder)) if (name.startsWith(PREFIX)) await rm(join(folder, name), { force: true });
  const out = join(folder, `${PREFIX}${randomBytes(6).toString('hex')}`);
  const sides = { from: blobSide(repository, from), to: blobSide(repository, to) };
  const { signal, onProgress } = options;
  try {
    const bytes = await makeBundleFile({ ...sides, out, maxBytes: blobBytes, inBackground: false, signal, onProgress });
    if (bytes === undefined) return { bytes: 0, blobBytes };
    await rename(out, target);
    await syncFolder(folder);
    return { bytes, blobBytes };
  } finally {
    await rm(out, { force: true });
  }
}

export function blobSide(repository: Repository, { sha256 }: Pick<BlobRef, 'sha256'>): Side {
  return { manifest: { path: repository.blobPath(sha256), sha256 }, contents: { blobs: repository.blobs } };
}

async function costOfBlobs(repository: Repository, from: BlobRef, to: BlobRef): Promise<number> {
  const filesOf = async ({ sha256 }: BlobRef): Promise<Map<string, number>> => {
    const entries = parseManifest(await readFile(repository.blobPath(sha256)));
    return new Map(entries.flatMap((entry) => (entry.type === 'file' ? [[entry.sha256, entry.sizeBytes]] : [])));
  };
  const old = await filesOf(from);
  let bytes = to.sizeBytes;
  for (const [sha256, sizeBytes] of await filesOf(to)) if (!old.has(sha256)) bytes += sizeBytes;
  return bytes;
}
