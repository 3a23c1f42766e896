/** Versions onto a stick: all that a laptop or a school needs of them, and nothing else. */
import { lstatSync, renameSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { BlobRef, Source } from '../core/ports.ts';
import { fannedBlobPath } from '../core/repository-path.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import type { Verifier } from '../sign/verifier.ts';
import { hashFile } from '../store/whole-file.ts';
import { writeDurably } from '../sys/durable.ts';
import type { Contents, SignedFile } from './contents.ts';
import { copyBlob } from './copy-blob.ts';
import type { HeldFolder } from './held-folder.ts';
import { isNewerLatest } from './newer-latest.ts';
import { requireRoom } from './room.ts';

export interface CarryOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

export interface Carried {
  readonly blobs: number;
  /** Of what was not there before. */
  readonly copiedBytes: number;
}

/**
 * On the medium when this resolves. What an interrupted run left is read again and kept where it is right: the stick
 * may have been pulled out, so that a file has its name and length and other bytes.
 * @throws RippleError `NoSpace`, `InvalidArgument`, `IoError`; as the source does
 */
export async function carryToStick(
  source: Source,
  contents: Contents,
  stick: HeldFolder,
  verifier: Verifier,
  { signal, onProgress }: CarryOptions,
): Promise<Carried> {
  const blobs = allBlobs(contents);
  const missing = blobs.filter((ref) => !isThere(stick, ref));
  requireRoom(stick.name, statfsSync(stick.path), missing);
  const totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let [doneBytes, copiedBytes] = [0, 0];
  try {
    for (const ref of blobs) {
      if (signal.aborted) throw new RippleError('Cancelled', 'stopped; run the same again to go on');
      stick.requirePresent();
      const relative = fannedBlobPath(ref.sha256);
      const path = join(stick.makeFolder(dirname(relative)), ref.sha256);
      if (!isThere(stick, ref) || !(await isRight(path, ref, signal))) {
        await copyBlob(source, ref, `${path}.part`, signal);
        renameSync(`${path}.part`, path);
        copiedBytes += ref.sizeBytes;
      }
      doneBytes += ref.sizeBytes;
      onProgress(doneBytes, totalBytes);
    }
    await stick.sync();
    // What a document names is on the medium before the document is.
    for (const file of await documents(contents, stick, verifier)) {
      stick.requirePresent();
      stick.makeFolder(dirname(file.path));
      await writeDurably(join(stick.path, file.path), file.bytes);
    }
    await stick.sync();
    stick.requirePresent();
  } catch (error) {
    // Whatever it was that failed, that is why.
    stick.requirePresent();
    throw error;
  }
  return { blobs: blobs.length, copiedBytes };
}

export function allBlobs(contents: Contents): readonly BlobRef[] {
  return [...new Map(contents.versions.flatMap(({ blobs }) => blobs.map((ref) => [ref.sha256, ref]))).values()];
}

/** A file of that length; a link, whatever it leads to, is none. */
function isThere(stick: HeldFolder, ref: BlobRef): boolean {
  const found = lstatSync(join(stick.path, fannedBlobPath(ref.sha256)), { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === ref.sizeBytes;
}

async function isRight(path: string, ref: BlobRef, signal: AbortSignal): Promise<boolean> {
  return (await hashFile(path, ref.sizeBytes, signal))?.digest('hex') === ref.sha256;
}

async function documents(
  { keyrings, versions, latest }: Contents,
  stick: HeldFolder,
  verifier: Verifier,
): Promise<readonly SignedFile[]> {
  const isNews = latest && (await isNewerLatest(latest, new FolderSource(stick.name), verifier));
  return [...keyrings, ...versions.map(({ document }) => document), ...(isNews ? [latest] : [])];
}
