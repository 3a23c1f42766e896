/** Versions from a stick into a school's repository: what verified and is whole goes in, and nothing else. */
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { BlobRef, Sha256, Source } from '../core/ports.ts';
import { SourceError } from '../core/source-error.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import type { Verifier } from '../sign/verifier.ts';
import { BlobBatch } from '../store/blob-batch.ts';
import type { Repository } from '../store/repository.ts';
import { makeFolder } from '../sys/durable.ts';
import type { CarriedVersion, Contents } from './contents.ts';
import { copyBlob } from './copy-blob.ts';
import type { HeldFolder } from './held-folder.ts';
import { isNewerLatest } from './newer-latest.ts';
import { requireRoom } from './room.ts';
import { allBlobs, type Carried, type CarryOptions } from './to-stick.ts';

/** So much is put on disk at a time: what an interrupted run has to copy again. */
const COMMIT_BYTES = 256 * 1024 * 1024;

/**
 * @throws RippleError `Busy`, `NoSpace`; `InvalidArgument` when the repository has another version of that number;
 *   `HashMismatch` naming a damaged blob, once everything else is in
 */
export async function carryToRepository(
  source: Source,
  contents: Contents,
  stick: HeldFolder,
  repository: Repository,
  verifier: Verifier,
  options: CarryOptions,
): Promise<Carried> {
  await makeFolder(repository.root);
  const release = await repository.lock();
  try {
    await BlobBatch.discardAll(repository.root);
    for (const version of contents.versions) await requireSame(version, repository, verifier);
    const blobs = allBlobs(contents);
    const missing: BlobRef[] = [];
    for (const ref of blobs) if (!(await repository.hasBlob(ref.sha256, ref.sizeBytes))) missing.push(ref);
    requireRoom(repository.root, statfsSync(repository.root), missing);
    const damaged = await copyAll(source, missing, stick, repository, options);
    const whole = contents.versions.filter(({ blobs: needed }) => !needed.some(({ sha256 }) => damaged.has(sha256)));
    await putDocuments(contents, whole, repository, verifier);
    const [first] = damaged.values();
    if (first !== undefined)
      throw new RippleError(
        'HashMismatch',
        `${first}${damaged.size > 1 ? ` (and ${damaged.size - 1} more)` : ''}; the rest was kept: export onto the stick again, and import again`,
      );
    return { blobs: blobs.length, copiedBytes: missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  } finally {
    release();
  }
}

/** Answers what is damaged or not on the stick, and the line that says so. */
async function copyAll(
  source: Source,
  missing: readonly BlobRef[],
  stick: HeldFolder,
  repository: Repository,
  { signal, onProgress }: CarryOptions,
): Promise<ReadonlyMap<Sha256, string>> {
  const totalBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const damaged = new Map<Sha256, string>();
  let [doneBytes, waitingBytes] = [0, 0];
  const batch = await repository.openBatch();
  try {
    for (const ref of missing) {
      if (signal.aborted) throw new RippleError('Cancelled', 'stopped; run the same again to go on');
      stick.requirePresent();
      try {
        await copyBlob(source, ref, join(batch.folder, ref.sha256), signal);
      } catch (error) {
        stick.requirePresent();
        if (!isDamage(error)) throw error;
        damaged.set(ref.sha256, `${stick.name}: blob ${ref.sha256} is damaged or missing`);
      }
      doneBytes += ref.sizeBytes;
      waitingBytes += ref.sizeBytes;
      onProgress(doneBytes, totalBytes);
      if (waitingBytes < COMMIT_BYTES) continue;
      waitingBytes = 0;
      await batch.commit();
    }
  } finally {
    // Also what came before the stick was pulled out: each blob in here is whole and right.
    await batch.commit();
    await batch.discard();
  }
  return damaged;
}

function isDamage(error: unknown): boolean {
  if (error instanceof SourceError) return error.reason === 'missing' || error.reason === 'lied';
  return error instanceof RippleError && error.code === 'HashMismatch';
}

/** Two versions of one number could only be told apart by luck. */
async function requireSame({ release, document }: CarriedVersion, repository: Repository, verifier: Verifier) {
  const held = await repository.readDocument(document.path);
  if (!held) return;
  const { image, version } = release;
  const other = (await verifier.release(held, { image, version })).document;
  if (other.manifest.sha256 !== release.manifest.sha256)
    throw new RippleError(
      'InvalidArgument',
      `${repository.root} has another version ${version} of ${image} already; nothing was changed`,
    );
}

async function putDocuments(
  { keyrings, latest }: Contents,
  whole: readonly CarriedVersion[],
  repository: Repository,
  verifier: Verifier,
): Promise<void> {
  for (const { path, bytes } of keyrings) await repository.putDocument(path, bytes);
  for (const { document } of whole)
    if (!(await repository.readDocument(document.path))) await repository.putDocument(document.path, document.bytes);
  if (!latest) return;
  const [image] = whole.map(({ release }) => release.image);
  // Laptops are told of a version only where they can get it.
  if (image === undefined || !(await repository.versions(image)).includes(latest.version)) return;
  if (await isNewerLatest(latest, new FolderSource(repository.root), verifier))
    await repository.putDocument(latest.path, latest.bytes);
}
