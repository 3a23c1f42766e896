/** A whole version out of the cache into a repository. */
import { chmodSync, renameSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { Repository } from '../store/repository.ts';
import { makeFolder, syncFolder } from '../sys/durable.ts';
import { syncFileSystem } from '../sys/libc.ts';
import type { HeldVersion } from './school-holdings.ts';

const PER_TURN = 256;

/**
 * One sync puts all of it on disk before any of it has its name, as when a version is published. The manifest comes last.
 * For who holds the repository's lock.
 * @throws RippleError `IoError` when something is not there: then the version must not be given
 */
export async function moveIn(repository: Repository, cache: BlobCache, version: HeldVersion): Promise<void> {
  await makeFolder(repository.blobs);
  const { manifest } = version;
  const refs = [...version.blobs].map(([sha256, sizeBytes]) => ({ sha256, sizeBytes }));
  const fresh = refs
    .filter((ref) => cache.has(ref))
    .sort((a, b) => Number(a.sha256 === manifest.sha256) - Number(b.sha256 === manifest.sha256));
  for (const { sha256 } of fresh) chmodSync(cache.path(sha256), 0o644);
  if (fresh.length > 0) await syncFileSystem(repository.root);
  for (const [i, { sha256 }] of fresh.entries()) {
    renameSync(cache.path(sha256), repository.blobPath(sha256));
    if (i % PER_TURN === 0) await nextTurn();
  }
  await syncFolder(repository.blobs);
  for (const { sha256, sizeBytes } of refs)
    if (!(await repository.hasBlob(sha256, sizeBytes)))
      throw new RippleError(
        'IoError',
        `${repository.blobPath(sha256)} went away while ${version.image} ${version.version} came`,
      );
}
