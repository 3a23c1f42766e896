/** Differences of single large files in a repository, `blobs/A-B`: for laptops that have the old file in another version. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobRef } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { LEAST_DIFFED_BYTES } from '../core/way.ts';
import { baseByName } from '../delta/base-by-name.ts';
import { makeDiff } from '../delta/make.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Repository } from '../store/repository.ts';
import { writeDurably } from '../sys/durable.ts';

export interface FileDiffsOptions {
  readonly repository: Repository;
  /** Manifests, whose blobs the repository has. */
  readonly from: BlobRef;
  readonly to: BlobRef;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** A longer one is not worth what making and applying it takes. */
const MOST_SHARE = 1 / 2;

/**
 * For who holds the repository's lock. What is there is not made again. Answers how many are there now.
 * @throws RippleError `IoError`, `NoSpace`, `Cancelled`
 */
export async function makeFileDiffs(
  options: FileDiffsOptions,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { repository, signal, onProgress } = options;
  const entriesOf = async ({ sha256 }: BlobRef) => parseManifest(await readFile(repository.blobPath(sha256)));
  const [old, target] = [await entriesOf(options.from), await entriesOf(options.to)];
  const here = new Set(old.flatMap((entry) => (entry.type === 'file' ? [entry.sha256] : [])));
  const baseOf = baseByName(old, target);
  const wanted = new Map<string, BlobRef>();
  for (const entry of target)
    if (entry.type === 'file' && entry.sizeBytes >= LEAST_DIFFED_BYTES && !here.has(entry.sha256))
      wanted.set(entry.sha256, entry);
  const totalBytes = [...wanted.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let [files, bytes, doneBytes] = [0, 0, 0];
  for (const { sha256, sizeBytes } of wanted.values()) {
    onProgress?.(doneBytes, totalBytes);
    doneBytes += sizeBytes;
    const base = baseOf({ sha256, sizeBytes });
    if (!base) continue;
    const path = join(repository.root, formatRepositoryPath({ kind: 'diff', from: base.sha256, to: sha256 }));
    const found = await stat(path).catch(() => undefined);
    const made = found ? found.size : await make(repository, base.sha256, sha256, path, sizeBytes * MOST_SHARE, signal);
    if (made > 0) files += 1;
    bytes += made;
  }
  return { files, bytes };
}

/** 0: too long. */
async function make(
  repository: Repository,
  from: string,
  to: string,
  path: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [oldPath, newPath] = [repository.blobPath(from), repository.blobPath(to)];
  const diff = await makeDiff({ oldPath, newPath, format: 'ripple', signal });
  if (diff.length > maxBytes) return 0;
  await writeDurably(path, diff);
  return diff.length;
}
