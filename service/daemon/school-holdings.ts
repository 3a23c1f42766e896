/** What the versions in a repository need of its files, and the removal of what none of them needs. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { MAX_DOCUMENT_BYTES, parseRelease, type Release } from '../image/documents.ts';
import { parseManifest } from '../image/manifest.ts';
import { readSignedMessage } from '../sign/packets.ts';
import type { Repository } from '../store/repository.ts';
import { syncFolder } from '../sys/durable.ts';

export interface HeldVersion {
  readonly image: string;
  readonly version: number;
  readonly manifest: BlobRef;
  /** Bytes by hash: its files, its manifest, its notes. */
  readonly blobs: ReadonlyMap<Sha256, number>;
}

/** Names of blobs and of differences of single files in `blobs/`, of bundles in `bundles/`. */
const NAME = /^([0-9a-f]{64})(?:-([0-9a-f]{64}))?$/;

/** @param manifest bytes that have the hash which the release says */
export function heldVersion(release: Release, manifest: Uint8Array): HeldVersion {
  const blobs = new Map([release.manifest, release.notes].map(({ sha256, sizeBytes }) => [sha256, sizeBytes]));
  for (const entry of parseManifest(manifest)) if (entry.type === 'file') blobs.set(entry.sha256, entry.sizeBytes);
  return { image: release.image, version: release.version, manifest: release.manifest, blobs };
}

/**
 * Every version of every image. Whoever cannot read all of them does not know what is needed.
 * @throws RippleError `IoError` naming the release
 */
export async function readHoldings(repository: Repository): Promise<HeldVersion[]> {
  const held: HeldVersion[] = [];
  for (const image of await repository.images())
    for (const version of await repository.versions(image)) {
      const path = repository.releasePath(image, version);
      try {
        const document = await repository.readDocument(path);
        if (!document) throw new RippleError('IoError', 'it is gone');
        const release = parseRelease(readSignedMessage(document, MAX_DOCUMENT_BYTES).payload);
        held.push(heldVersion(release, await readFile(repository.blobPath(release.manifest.sha256))));
      } catch (error) {
        throw new RippleError('IoError', `${repository.root}/${path} cannot be read: ${reasonOf(error)}`);
      }
    }
  return held;
}

/** Bytes of disk that these versions need together. */
export function bytesOf(held: readonly HeldVersion[]): number {
  const blobs = new Map<Sha256, number>();
  for (const version of held) for (const [sha256, sizeBytes] of version.blobs) blobs.set(sha256, sizeBytes);
  let sum = 0;
  for (const sizeBytes of blobs.values()) sum += sizeBytes;
  return sum;
}

/**
 * Takes versions out of the repository: first nobody is told of them any more, then what only they needed goes. What a crash
 * leaves between goes with the next call. For who holds the repository's lock.
 * @param gone of those that `readHoldings` found; may be none, for what an earlier crash left
 */
export async function removeVersions(
  repository: Repository,
  held: readonly HeldVersion[],
  gone: readonly HeldVersion[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const folders = new Set<string>();
  for (const { image, version } of gone) {
    await rm(join(repository.root, repository.releasePath(image, version)), { force: true });
    folders.add(join(repository.root, 'images', image));
  }
  for (const folder of folders) await syncFolder(folder);
  const kept = held.filter((version) => !gone.includes(version));
  const manifests = new Set(kept.map(({ manifest }) => manifest.sha256));
  const blobs = await removeFrom(repository.blobs, (sha256) => kept.some((version) => version.blobs.has(sha256)));
  const bundles = await removeFrom(join(repository.root, 'bundles'), (sha256) => manifests.has(sha256));
  return { files: blobs.files + bundles.files, bytes: blobs.bytes + bundles.bytes };
}

async function removeFrom(
  folder: string,
  isNeeded: (sha256: Sha256) => boolean,
): Promise<{ files: number; bytes: number }> {
  const removed = { files: 0, bytes: 0 };
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [, from, to] = NAME.exec(name) ?? [];
    if (from === undefined || (isNeeded(from) && (to === undefined || isNeeded(to)))) continue;
    removed.bytes += (await stat(join(folder, name))).size;
    removed.files += 1;
    await rm(join(folder, name), { force: true });
  }
  return removed;
}
