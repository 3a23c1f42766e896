/** What of a repository belongs to some versions: documents that verified, and every blob below them. */
import { RippleError } from '../api/errors.ts';
import type { BlobRef, Source } from '../core/ports.ts';
import { formatRepositoryPath } from '../core/repository-path.ts';
import { MAX_DOCUMENT_BYTES, MAX_KEYRING_BYTES, type Release } from '../image/documents.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Verifier } from '../sign/verifier.ts';
import { readBlob } from './copy-blob.ts';

/** A longer chain than this is somebody's joke. */
const MAX_KEYRINGS = 1000;
/** Of the largest tree there is; what is larger is refused before it is read. */
const MAX_MANIFEST_BYTES = 1 << 30;

export interface SignedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface CarriedVersion {
  readonly release: Release;
  readonly document: SignedFile;
  /** Notes, manifest and files, each once. */
  readonly blobs: readonly BlobRef[];
}

export interface Contents {
  readonly keyrings: readonly SignedFile[];
  readonly latest: (SignedFile & { readonly version: number; readonly epoch: number }) | undefined;
  readonly versions: readonly CarriedVersion[];
}

/** Moves `verifier` along the chain of keyrings as far as the source has it, and answers those that verified. */
export async function readKeyrings(source: Source, verifier: Verifier): Promise<readonly SignedFile[]> {
  const keyrings: SignedFile[] = [];
  for (let step = 0; step < MAX_KEYRINGS; step++) {
    const path = formatRepositoryPath({ kind: 'keyring', version: verifier.keyringVersion + 1 });
    const bytes = await source.readDocument(path, MAX_KEYRING_BYTES);
    if (!bytes) break;
    await verifier.advance(bytes);
    keyrings.push({ path, bytes });
  }
  return keyrings;
}

export interface Wanted {
  readonly image: string;
  /** None: the newest. */
  readonly versions: readonly number[];
}

/**
 * Reads and judges documents and manifests. Nothing of them is used before it verified.
 * @throws RippleError `SignatureInvalid`, `UnknownVersion`, `HashMismatch`, as a `Source` does
 */
export async function readContents(
  source: Source,
  verifier: Verifier,
  { image, versions }: Wanted,
  signal: AbortSignal,
): Promise<Contents> {
  const keyrings = await readKeyrings(source, verifier);
  const path = formatRepositoryPath({ kind: 'latest', image });
  const bytes = await source.readDocument(path, MAX_DOCUMENT_BYTES);
  const verified = bytes && (await verifier.latest(bytes, { image, highestEpochSeen: 0 })).document;
  const latest = bytes && verified && { path, bytes, version: verified.version, epoch: verified.epoch };
  const wanted = versions.length > 0 ? versions : latest ? [latest.version] : [];
  if (wanted.length === 0) throw new RippleError('UnknownVersion', `${source.id} has no image ${image}`);
  const carried: CarriedVersion[] = [];
  for (const version of new Set(wanted)) {
    const releasePath = formatRepositoryPath({ kind: 'release', image, version });
    const document = await source.readDocument(releasePath, MAX_DOCUMENT_BYTES);
    if (!document) throw new RippleError('UnknownVersion', `${source.id} has no version ${version} of ${image}`);
    const { document: release } = await verifier.release(document, { image, version });
    if (release.manifest.sizeBytes > MAX_MANIFEST_BYTES)
      throw new RippleError('InvalidArgument', `version ${version}: a manifest of ${release.manifest.sizeBytes} bytes`);
    const manifest = await readBlob(source, release.manifest, signal);
    const blobs = new Map([release.notes, release.manifest].map((ref) => [ref.sha256, ref]));
    for (const entry of parseManifest(manifest))
      if (entry.type === 'file') blobs.set(entry.sha256, { sha256: entry.sha256, sizeBytes: entry.sizeBytes });
    carried.push({ release, document: { path: releasePath, bytes: document }, blobs: [...blobs.values()] });
  }
  return { keyrings, latest, versions: carried };
}
