/**
 * In which way the content of a version comes: one bundle, differences of single files, whole blobs, or a tree by rsync. Pure: decided by
 * bytes and by what is known of the sources so far, again after each step, so that what one way brought counts for the next.
 */
import type { BlobRef, Sha256 } from './ports.ts';

/** A file that could be made from one that is here. */
export interface DiffWish {
  readonly to: BlobRef;
  readonly from: Sha256;
}

export type Way =
  /** A longer one is not worth it. Somebody who is busy, perhaps with making it, is waited for so long. */
  | { readonly kind: 'bundle'; readonly maxBytes: number; readonly patienceMs: number }
  | { readonly kind: 'manifest' }
  | { readonly kind: 'diffs'; readonly wishes: readonly DiffWish[] }
  | { readonly kind: 'blobs' }
  /** Files of a tree that an rsync server offers. */
  | { readonly kind: 'tree' }
  | { readonly kind: 'done' };

export interface WayKnown {
  /** A version is here that a bundle or a diff could start from. */
  readonly hasBase: boolean;
  readonly manifestBytes: number;
  /** Content of the whole version. */
  readonly treeBytes: number;
  /** What is missing, once the manifest is here. */
  readonly missing: readonly BlobRef[] | undefined;
  /** For what is missing: the old file that it is most likely made from. */
  readonly baseOf: (ref: BlobRef) => Sha256 | undefined;
  /** `again`: there is one, but too long or not made yet for what was known when it was asked for. */
  readonly bundle: 'untried' | 'again' | 'over';
  /** Of the bundle, here from an earlier try. */
  readonly bundleBytesHere: number;
  readonly diffsTried: boolean;
  /** Laptops near that lack the version as well, and will get it at the same time. */
  readonly classmates: number;
  /** How many sources are repositories, for only these have differences of single files. */
  readonly repositories: number;
  /** How many sources there are for blobs, neighbours too. */
  readonly sources: number;
  /** These were asked for blobs, and it was not all to be had. */
  readonly blobsFailed: boolean;
  /** How many rsync servers there are that were not tried. */
  readonly trees: number;
}

/**
 * A bundle may be longer than the manifest, which has to come otherwise, by such a part of the whole tree; for a longer one
 * the manifest is fetched first, to know exactly what it is worth.
 */
const BLIND_SHARE = 1 / 16;
/** At this rate blobs come over a poor wireless network: nobody waits longer for a bundle than blobs would take. */
const POOR_BYTES_PER_SECOND = 256 * 1024;
const MOST_PATIENCE_MS = 60_000;
/** Below this a request of its own costs about as much as it saves. */
export const LEAST_DIFFED_BYTES = 32 * 1024;
const MOST_DIFFS = 256;
/** Less than this costs about as much by itself as a bundle around it. */
export const LEAST_BUNDLED_BYTES = 1024;

export function nextWay(known: WayKnown): Way {
  const { hasBase, missing, bundle, bundleBytesHere } = known;
  // A server's link is what a class waits for: whatever neighbours or a web server have comes from there.
  if (missing && isContentMissing(missing) && known.trees > 0 && (known.sources === 0 || known.blobsFailed))
    return { kind: 'tree' };
  if (isClass(known)) return nextWayInClass(known);
  if (!missing) {
    const maxBytes = blindLimit(known) + bundleBytesHere;
    return hasBase && bundle === 'untried'
      ? { kind: 'bundle', maxBytes, patienceMs: patience(maxBytes) }
      : { kind: 'manifest' };
  }
  const missingBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (missingBytes === 0) return missing.length === 0 ? { kind: 'done' } : { kind: 'blobs' };
  if (hasBase && bundle !== 'over' && missingBytes >= LEAST_BUNDLED_BYTES)
    return { kind: 'bundle', maxBytes: missingBytes - 1 + bundleBytesHere, patienceMs: patience(missingBytes) };
  const wishes = hasBase && !known.diffsTried && known.repositories > 0 ? diffWishes(missing, known.baseOf) : [];
  return wishes.length > 0 ? { kind: 'diffs', wishes } : { kind: 'blobs' };
}

/** So many with the same wish get it piece by piece from each other. */
const CLASS = 4;
/** Of a bundle several whole copies leave the school before anybody can give one on; of pieces, hardly more than one. */
const CLASS_BUNDLE_SHARE = 1 / 4;
/** A class does not wait for a bundle to be made. */
const CLASS_PATIENCE_MS = 3_000;

function isClass({ classmates }: Pick<WayKnown, 'classmates'>): boolean {
  return classmates >= CLASS;
}

/**
 * A class has two ways. Pieces: each laptop takes others from the school and gives them to its neighbours at once, so the
 * school's link carries the update hardly more than once. A bundle, only where it is much shorter, for it can be given on
 * only when it is whole. No differences of single files: everybody would ask the school for each.
 */
function nextWayInClass({ hasBase, missing, manifestBytes, bundle, bundleBytesHere }: WayKnown): Way {
  const bytes = missing ? missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : manifestBytes;
  const worthBytes = missing ? Math.floor(bytes * CLASS_BUNDLE_SHARE) : manifestBytes;
  if (hasBase && (missing ? bundle !== 'over' : bundle === 'untried') && worthBytes >= LEAST_BUNDLED_BYTES)
    return { kind: 'bundle', maxBytes: worthBytes + bundleBytesHere, patienceMs: CLASS_PATIENCE_MS };
  if (!missing) return { kind: 'manifest' };
  return missing.length === 0 ? { kind: 'done' } : { kind: 'blobs' };
}

/** Bytes of a bundle that is worth taking although the manifest, and so the price of the blobs, is not known. */
export function blindLimit({ manifestBytes, treeBytes }: Pick<WayKnown, 'manifestBytes' | 'treeBytes'>): number {
  return manifestBytes + Math.floor(treeBytes * BLIND_SHARE);
}

function isContentMissing(missing: readonly BlobRef[]): boolean {
  return missing.some(({ sizeBytes }) => sizeBytes > 0);
}

function patience(bytes: number): number {
  return Math.min(MOST_PATIENCE_MS, Math.floor((bytes * 1000) / POOR_BYTES_PER_SECOND));
}

/** Those that may save most first. */
function diffWishes(missing: readonly BlobRef[], baseOf: WayKnown['baseOf']): readonly DiffWish[] {
  return [...missing]
    .filter(({ sizeBytes }) => sizeBytes >= LEAST_DIFFED_BYTES)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_DIFFS)
    .flatMap((to) => {
      const from = baseOf(to);
      return from === undefined ? [] : [{ to, from }];
    });
}
