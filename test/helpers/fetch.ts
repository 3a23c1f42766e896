/** A fetch with everything real, and what went wrong on the way. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { BlobRef, Source } from '../../service/core/ports.ts';
import type { SourceError, SourceFault } from '../../service/core/source-error.ts';
import { SourceLedger } from '../../service/core/source-ledger.ts';
import type { HttpLimits } from '../../service/fetch/http-exchange.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { type FetchOptions, type FetchResult, fetchBlobs } from '../../service/fetch/swarm.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { realClock, repositoryOf, serve, type TestBlob } from './blobs.ts';
import { tempFolder } from './temp.ts';

/** A source over HTTP whose connections are closed after the test. */
export function httpSource(
  t: TestContext,
  kind: Source['kind'],
  url: string,
  limits: Partial<HttpLimits> = {},
): HttpSource {
  const source = new HttpSource({ kind, urls: [url], limits });
  t.after(() => source.close());
  return source;
}

export interface Fetched {
  readonly run: (wanted: readonly BlobRef[], options?: Partial<FetchOptions>) => Promise<FetchResult>;
  readonly cache: BlobCache;
  readonly ledger: SourceLedger;
  /** Everything `onSourceError` told. */
  readonly troubles: readonly { id: string; reason: SourceFault; banned: boolean; error: SourceError }[];
}

export function fetching(t: TestContext, sources: readonly Source[], folder = tempFolder(t, 'cache')): Fetched {
  const cache = new BlobCache(folder);
  const ledger = new SourceLedger();
  const troubles: { id: string; reason: SourceFault; banned: boolean; error: SourceError }[] = [];
  return {
    cache,
    ledger,
    troubles,
    run: (wanted, options = {}) =>
      fetchBlobs(wanted, {
        sources: () => sources,
        cache,
        ledger,
        clock: realClock,
        maxFailures: 2,
        onSourceError: (source, error, banned) => troubles.push({ id: source.id, reason: error.reason, banned, error }),
        ...options,
      }),
  };
}

export const refs = (blobs: readonly TestBlob[]): BlobRef[] => blobs.map(({ ref }) => ref);

/** Bytes of all of them. */
export const total = (blobs: readonly TestBlob[]): number => blobs.reduce((sum, { ref }) => sum + ref.sizeBytes, 0);

/** The cache has all of these, and their bytes. */
export function assertAll(cache: BlobCache, blobs: readonly TestBlob[]): void {
  for (const { ref, bytes } of blobs) assert.ok(readFileSync(cache.path(ref.sha256)).equals(bytes));
}

/** A source made of a function that yields: for what a network cannot be brought to do at a given byte. */
export function scripted(id: string, kind: Source['kind'], script: Source['readBlob']): Source {
  return { id, kind, readBlob: script, readDocument: async () => undefined };
}

/** For a source that says nothing on purpose. */
export const IMPATIENT = { stallMs: 1000, connectMs: 1000 };

/** A fetch from `bad` and an honest school server: the blob arrives all the same. */
export async function fetchPast(t: TestContext, bad: Source, blob: TestBlob): Promise<Fetched> {
  const honest = await serve(t, repositoryOf(t, [blob]));
  const f = fetching(t, [bad, httpSource(t, 'school', honest.url)]);
  await f.run([blob.ref]);
  assert.ok(readFileSync(f.cache.path(blob.ref.sha256)).equals(blob.bytes));
  return f;
}
