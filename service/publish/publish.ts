/** Makes a version out of a tree, in a repository. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { Severity } from '../api/model.ts';
import type { Entry } from '../core/entry.ts';
import type { BlobRef } from '../core/ports.ts';
import { inFile } from '../core/signature-error.ts';
import {
  formatLatest,
  formatRelease,
  MAX_DOCUMENT_BYTES,
  parseLatest,
  parseRelease,
  type Release,
} from '../image/documents.ts';
import { formatManifest, parseManifest } from '../image/manifest.ts';
import { NO_NOTES } from '../image/notes.ts';
import { contentBytes, type WalkProgress, walkTree } from '../image/walk.ts';
import { readSignedMessage } from '../sign/packets.ts';
import { BlobBatch } from '../store/blob-batch.ts';
import type { Repository } from '../store/repository.ts';
import { type MadeBundle, makeBundle } from './bundles.ts';
import { makeFileDiffs } from './file-diffs.ts';
import { releaseDate } from './release-date.ts';

/** Makes a signed document of a payload. */
export type SignPayload = (payload: Uint8Array) => Promise<Uint8Array>;

export interface PublishOptions {
  readonly tree: string;
  readonly repository: Repository;
  readonly image: string;
  readonly version: number;
  readonly severity?: Severity | undefined;
  /** JSON: what is new, by language. Without it: nothing to tell. */
  readonly notes?: Uint8Array | undefined;
  /** Signs for the role `release`. */
  readonly sign: SignPayload;
  /** Signs for the role `latest`; `sign` unless given. */
  readonly signLatest?: SignPayload | undefined;
  /** RFC 3339; by default SOURCE_DATE_EPOCH, else the time by the clock. */
  readonly released?: string | undefined;
  /** Published versions from which a bundle to this one is made. */
  readonly diffFrom?: readonly number[] | undefined;
  /** Also differences of single files, for laptops that have the old file in another version. */
  readonly fileDiffs?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PublishProgress {
  readonly phase: WalkProgress['phase'] | 'write' | 'bundle' | 'sign';
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Entries of the tree. */
  readonly files: number;
}

export interface PublishResult {
  readonly image: string;
  readonly version: number;
  readonly manifest: BlobRef;
  readonly entries: number;
  /** Bytes of content in the tree. */
  readonly treeBytes: number;
  /** Blobs that the repository did not have before, the manifest among them. */
  readonly newBlobs: number;
  readonly newBlobBytes: number;
  /** Of all bundles to this version that were asked for. */
  readonly bundleBytes: number;
  /** One for each version in `diffFrom`; see `MadeBundle`. */
  readonly bundles: readonly (MadeBundle & { readonly from: number })[];
  /** Differences of single files to this version that were asked for. */
  readonly fileDiffs: number;
  readonly fileDiffBytes: number;
  /** This very version was published before: nothing was signed again. */
  readonly unchanged: boolean;
  /** Epoch of `latest` as it now stands. */
  readonly epoch: number;
  /** What was left out of the tree. */
  readonly warnings: readonly string[];
}

/**
 * Publishing the same again changes nothing; publishing something else under a version that exists is refused. `latest`
 * moves on when this version is above it. What a document names is on disk before the document.
 * @throws RippleError `InvalidArgument`, `IoError` (also for a tree that changes meanwhile), `NoSpace`, `Busy`, `Cancelled`
 */
export async function publish(
  options: PublishOptions,
  onProgress: (progress: PublishProgress) => void = () => {},
): Promise<PublishResult> {
  const { tree, repository, image, version } = options;
  const releasePath = repository.releasePath(image, version);
  const released = options.released ?? releaseDate(process.env, new Date());
  requireTree(tree, repository.root);
  const unlock = await repository.lock();
  try {
    // Damage is found before the long work, not after it.
    await readPayload(repository, repository.latestPath(image), parseLatest);
    await BlobBatch.discardAll(repository.root);
    const bases = await basesOf(options);
    const batch = await repository.openBatch();
    try {
      const keep = { existing: repository.blobs, into: batch.folder };
      const { entries, warnings } = await walkTree(tree, { signal: options.signal, onProgress, keep });
      const treeBytes = contentBytes(entries);
      const at = { doneBytes: treeBytes, totalBytes: treeBytes, files: entries.length };

      onProgress({ phase: 'write', ...at });
      const manifestBytes = readableManifest(entries);
      const release: Release = {
        image,
        version,
        manifest: await batch.addBytes(manifestBytes),
        sizeBytes: treeBytes,
        severity: options.severity ?? 'normal',
        released,
        notes: await batch.addBytes(options.notes ?? NO_NOTES),
      };
      const before = await readPayload(repository, releasePath, parseRelease);
      if (before) requireSame(before, release);
      const payload = formatRelease(release);
      const newBlobs = await batch.commit();

      let [fileDiffs, fileDiffBytes] = [0, 0];
      const bundles: (MadeBundle & { readonly from: number })[] = [];
      for (const [from, manifest] of bases) {
        const told = (doneBytes: number, totalBytes: number): void =>
          onProgress({ ...at, phase: 'bundle', doneBytes, totalBytes });
        const both = { from: manifest, to: release.manifest };
        const how = { repository, ...both, signal: options.signal, onProgress: told };
        bundles.push({ from, ...(await makeBundle(how)) });
        if (!options.fileDiffs) continue;
        const made = await makeFileDiffs(how);
        fileDiffs += made.files;
        fileDiffBytes += made.bytes;
      }

      onProgress({ phase: 'sign', ...at });
      if (!before) await repository.putDocument(releasePath, await options.sign(payload));
      const epoch = await moveLatest(options, released);
      return {
        image,
        version,
        manifest: release.manifest,
        entries: entries.length,
        treeBytes,
        newBlobs: newBlobs.length,
        newBlobBytes: newBlobs.reduce((sum, blob) => sum + blob.sizeBytes, 0),
        bundleBytes: bundles.reduce((sum, { bytes }) => sum + bytes, 0),
        bundles,
        fileDiffs,
        fileDiffBytes,
        unchanged: before !== undefined,
        epoch,
        warnings,
      };
    } finally {
      await batch.discard();
    }
  } finally {
    unlock();
  }
}

/**
 * To be known before anything is written. A repository in the tree would change while it is read, and hold itself.
 * @throws RippleError `InvalidArgument`
 */
export function requireTree(tree: string, root: string): void {
  const found = statSync(tree, { throwIfNoEntry: false });
  if (!found) throw new RippleError('InvalidArgument', `there is no folder ${tree} to publish`);
  if (!found.isDirectory())
    throw new RippleError('InvalidArgument', `${tree} is not a folder: publish the root of a tree`);
  let existing = resolve(root);
  while (!existsSync(existing)) existing = dirname(existing);
  const way = relative(realpathSync(tree), realpathSync(existing));
  if (way !== '..' && !way.startsWith('../'))
    throw new RippleError('InvalidArgument', `the repository ${root} lies in the tree ${tree}; put it elsewhere`);
}

/** The manifests that bundles start from. Asked before the tree is read, so that a wrong number is said at once. */
async function basesOf({ repository, image, version, diffFrom = [] }: PublishOptions): Promise<Map<number, BlobRef>> {
  const bases = new Map<number, BlobRef>();
  for (const from of diffFrom) {
    if (from === version)
      throw new RippleError(
        'InvalidArgument',
        `${image} ${from} is the version itself; name another one to differ from`,
      );
    const release = await readPayload(repository, repository.releasePath(image, from), parseRelease);
    if (!release) {
      const known = (await repository.versions(image)).join(', ') || 'none';
      throw new RippleError('UnknownVersion', `${image} ${from} is not in ${repository.root}; there are: ${known}`);
    }
    bases.set(from, release.manifest);
  }
  return bases;
}

/** What no laptop could read must not be signed. */
function readableManifest(entries: readonly Entry[]): Buffer {
  const bytes = formatManifest(entries);
  parseManifest(bytes);
  return bytes;
}

async function readPayload<T>(
  repository: Repository,
  path: string,
  parse: (payload: Uint8Array) => T,
): Promise<T | undefined> {
  const document = await repository.readDocument(path);
  if (document === undefined) return undefined;
  try {
    return parse(readSignedMessage(document, MAX_DOCUMENT_BYTES).payload);
  } catch (error) {
    throw inFile(join(repository.root, path), error);
  }
}

/** A version is for ever: laptops may have it. The date is no part of it. */
function requireSame(before: Release, now: Release): void {
  const name = `${now.image} ${now.version}`;
  const differs = (what: string, old: string, other: string): never => {
    throw new RippleError(
      'InvalidArgument',
      `${name} is published with ${what} ${old}, this is ${what} ${other}; use a higher version`,
    );
  };
  if (before.image !== now.image || before.version !== now.version)
    throw new RippleError('IoError', `the release of ${name} is that of ${before.image} ${before.version}`);
  if (before.manifest.sha256 !== now.manifest.sha256) differs('manifest', before.manifest.sha256, now.manifest.sha256);
  if (before.notes.sha256 !== now.notes.sha256) differs('notes', before.notes.sha256, now.notes.sha256);
  if (before.severity !== now.severity) differs('severity', before.severity, now.severity);
}

/** Answers the epoch that stands. A lower version than the latest one leaves it: it was published late. */
async function moveLatest(options: PublishOptions, issued: string): Promise<number> {
  const { repository, image, version } = options;
  const path = repository.latestPath(image);
  const before = await readPayload(repository, path, parseLatest);
  if (before && before.version >= version) return before.epoch;
  const epoch = (before?.epoch ?? 0) + 1;
  const sign = options.signLatest ?? options.sign;
  await repository.putDocument(path, await sign(formatLatest({ image, version, epoch, issued })));
  return epoch;
}
