/**
 * The one parser of paths in a repository (DESIGN section 3). Whoever serves or reads a repository goes through these
 * types, so that a path that is not one of these shapes cannot reach a disk.
 */
import type { Sha256 } from './ports.ts';

export type RepositoryPath =
  | { readonly kind: 'keyring'; readonly version: number }
  | { readonly kind: 'latest'; readonly image: string }
  | { readonly kind: 'release'; readonly image: string; readonly version: number }
  | { readonly kind: 'order'; readonly image: string; readonly epoch: number }
  | { readonly kind: 'blob'; readonly sha256: Sha256 }
  | { readonly kind: 'diff'; readonly from: Sha256; readonly to: Sha256 }
  | { readonly kind: 'bundle'; readonly from: Sha256; readonly to: Sha256 };

/** Longest path: `bundles/` and two hashes. Anything longer is refused before it is looked at. */
const MAX_LENGTH = 160;

/** Positive, no leading zero, below 10^9: the same bound as in names of deployments. */
const NUMBER = '([1-9][0-9]{0,8})';
const IMAGE = '([a-z0-9][a-z0-9_-]{0,63})';
const SHA = '([0-9a-f]{64})';

const KEYRING = new RegExp(`^keyring/${NUMBER}\\.pgp$`);
const LATEST = new RegExp(`^images/${IMAGE}/latest\\.pgp$`);
const RELEASE = new RegExp(`^images/${IMAGE}/${NUMBER}\\.pgp$`);
const ORDER = new RegExp(`^images/${IMAGE}/orders/${NUMBER}\\.pgp$`);
const BLOB = new RegExp(`^blobs/${SHA}$`);
const DIFF = new RegExp(`^(blobs|bundles)/${SHA}-${SHA}$`);

/** `path` has no leading slash. `undefined` for anything that is not exactly one of the shapes above. */
export function parseRepositoryPath(path: string): RepositoryPath | undefined {
  if (path.length > MAX_LENGTH) return undefined;
  let match = BLOB.exec(path);
  if (match?.[1] !== undefined) return { kind: 'blob', sha256: match[1] };
  match = DIFF.exec(path);
  if (match?.[2] !== undefined && match[3] !== undefined)
    return { kind: match[1] === 'blobs' ? 'diff' : 'bundle', from: match[2], to: match[3] };
  match = KEYRING.exec(path);
  if (match?.[1] !== undefined) return { kind: 'keyring', version: Number(match[1]) };
  match = LATEST.exec(path);
  if (match?.[1] !== undefined) return { kind: 'latest', image: match[1] };
  match = RELEASE.exec(path);
  if (match?.[1] !== undefined && match[2] !== undefined)
    return { kind: 'release', image: match[1], version: Number(match[2]) };
  match = ORDER.exec(path);
  if (match?.[1] !== undefined && match[2] !== undefined)
    return { kind: 'order', image: match[1], epoch: Number(match[2]) };
  return undefined;
}

/** The inverse of `parseRepositoryPath`. */
export function formatRepositoryPath(path: RepositoryPath): string {
  switch (path.kind) {
    case 'keyring':
      return `keyring/${path.version}.pgp`;
    case 'latest':
      return `images/${path.image}/latest.pgp`;
    case 'release':
      return `images/${path.image}/${path.version}.pgp`;
    case 'order':
      return `images/${path.image}/orders/${path.epoch}.pgp`;
    case 'blob':
      return `blobs/${path.sha256}`;
    case 'diff':
      return `blobs/${path.from}-${path.to}`;
    case 'bundle':
      return `bundles/${path.from}-${path.to}`;
  }
}

/** Documents (`*.pgp`) are small and may be replaced; everything else is named by hashes and never changes. */
export function isDocument(path: RepositoryPath): boolean {
  return path.kind === 'keyring' || path.kind === 'latest' || path.kind === 'release' || path.kind === 'order';
}

/**
 * Where a blob may lie besides `blobs/<sha256>`: on a stick. A FAT folder takes 65,536 entries, and a name of 64
 * characters takes 6 of them, so that flat it would be full after 10,922 blobs.
 */
export function fannedBlobPath(sha256: Sha256): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}
