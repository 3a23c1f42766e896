/** A fetch with everything real, and what went wrong on the way. */
import type { TestContext } from 'node:test';
import type { BlobRef, Source } from '../../service/core/ports.ts';
import type { SourceError, SourceFault } from '../../service/core/source-error.ts';
import { SourceLedger } from '../../service/core/source-ledger.ts';
import type { HttpLimits } from '../../service/fetch/http-exchange.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { type FetchOptions, type FetchResult, fetchBlobs } from '../../service/fetch/swarm.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { realClock } from './blobs.ts';
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
