/** Before anything is fetched: which of the wanted blobs are already here. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { FetchCount } from './fetch-count.ts';

/** Blobs looked at before the rest of the process gets its turn. */
const BATCH = 1000;

/**
 * The blobs that have to be fetched, each once. What an earlier process left is hashed again first. A blob of no bytes
 * is made here; throws `HashMismatch` if one is wanted under another name than that of no bytes.
 */
export async function prepare(
  wanted: readonly BlobRef[],
  cache: BlobCache,
  count: FetchCount,
  signal: AbortSignal | undefined,
): Promise<BlobRef[]> {
  const seen = new Set<string>();
  const left: BlobRef[] = [];
  let looked = 0;
  for (const ref of wanted) {
    if (looked++ % BATCH === BATCH - 1) await nextTurn();
    if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
    if (seen.has(ref.sha256)) continue;
    seen.add(ref.sha256);
    count.wanted(ref.sizeBytes);
    if (ref.sizeBytes === 0) cache.put(ref, new Uint8Array(0));
    if (cache.has(ref) || (cache.isDoubtful(ref.sha256) && (await cache.rehash(ref, signal)))) {
      count.present(ref.sizeBytes);
    } else left.push(ref);
  }
  return left;
}
