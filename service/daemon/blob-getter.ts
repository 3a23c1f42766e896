/** Whole blobs from whoever has them; manifest and notes among them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HashMismatchError, RippleError } from '../api/errors.ts';
import type { BlobRef, Clock, Logger, Sha256, Source } from '../core/ports.ts';
import { isForming } from '../core/server-share.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { Layout } from '../deploy/layout.ts';
import type { FetchResult } from '../fetch/fetch-count.ts';
import { PieceMaps } from '../fetch/piece-maps.ts';
import { BlobsMissingError, fetchBlobs } from '../fetch/swarm.ts';
import type { Release } from '../image/documents.ts';
import { NO_NOTES } from '../image/notes.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { Meter } from './meter.ts';
import { LOOK_AGAIN_MS, NOBODY_PATIENCE_MS } from './patience.ts';
import type { SourceBook } from './source-book.ts';

export interface BlobGetterOptions {
  readonly layout: Layout;
  readonly image: string;
  /** Of this laptop. */
  readonly ownId: string;
  readonly sources: SourceBook;
  readonly ledger: SourceLedger;
  readonly cache: BlobCache;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class BlobGetter {
  readonly #options: BlobGetterOptions;
  constructor(options: BlobGetterOptions) {
    this.#options = options;
  }

  /** Into the cache. While nobody at all is near it waits a while, for friends walk away and others come by. */
  async get(
    version: number,
    refs: readonly BlobRef[],
    meter: Meter,
    signal: AbortSignal,
    wanted?: { readonly manifest: Sha256; readonly pieces?: readonly Sha256[] },
  ): Promise<FetchResult> {
    const { sources, cache, ledger, clock, logger, ownId } = this.#options;
    const partial = (): readonly Source[] => sources.getting(version);
    const beganMs = clock.monotonicMs();
    const rivals = (): readonly string[] =>
      !wanted?.pieces || isForming(clock.monotonicMs() - beganMs)
        ? sources.lacking(version)
        : sources.getting(version).map(({ id }) => id);
    for (let waitedMs = 0; ; ) {
      try {
        return await fetchBlobs(refs, {
          sources: () => sources.forVersion(version),
          ...(wanted ? { partners: new PieceMaps({ ...wanted, partial, rivals, own: ownId, clock }) } : {}),
          cache,
          ledger,
          clock,
          signal,
          maxInFlight: sources.mostRequests,
          onProgress: (progress) => meter.fetched(progress.doneBytes, progress.bytesBySource),
          onSourceError: (source, error, banned) => {
            logger.warn('source', { id: source.id, banned, message: error.message });
            if (error.reason !== 'busy') sources.doubt(source.id);
          },
        });
      } catch (thrown) {
        if (!(thrown instanceof BlobsMissingError)) throw thrown;
        if (sources.forVersion(version).length > 0) throw thrown;
        if (waitedMs >= NOBODY_PATIENCE_MS) throw this.#nobodyHas(version);
        await sleep(LOOK_AGAIN_MS, undefined, { signal });
        waitedMs += LOOK_AGAIN_MS;
      }
    }
  }

  /** Unmetered, and where it lies. A manifest, say: what no other has comes from an rsync server. */
  async getOne(version: number, ref: BlobRef, signal: AbortSignal, manifest?: Sha256): Promise<string> {
    const { sources, cache, ledger, clock } = this.#options;
    const wanted = manifest === undefined ? undefined : { manifest };
    const last = sources.lastResorts();
    // Nobody else is waited for where a server can be asked.
    const isAlone =
      last.length > 0 && sources.forVersion(version).length === 0 && sources.getting(version).length === 0;
    const get = (): Promise<FetchResult> =>
      this.get(version, [ref], new Meter(version, this.#options.clock, () => {}), signal, wanted);
    const ask = (): Promise<FetchResult> =>
      fetchBlobs([ref], { sources: () => last, cache, ledger, clock, signal, concurrencyPerSource: 1 });
    if (isAlone) await ask();
    else
      await get().catch((error: unknown) => {
        if (error instanceof BlobsMissingError && last.length > 0) return ask();
        throw error;
      });
    return cache.path(ref.sha256);
  }

  /** As bytes. Read back from a disk: hashed again before use. */
  async read(version: number, ref: BlobRef, signal: AbortSignal, manifest?: Sha256): Promise<Uint8Array> {
    const bytes = readFileSync(await this.getOne(version, ref, signal, manifest));
    const actual = sha256(bytes);
    if (actual === ref.sha256) return bytes;
    this.#options.cache.drop(ref.sha256);
    throw new HashMismatchError(`blob ${ref.sha256}`, ref.sha256, actual);
  }

  hasManifest(release: Release): boolean {
    const { cache, layout, image } = this.#options;
    return cache.has(release.manifest) || existsSync(layout.manifest({ image, version: release.version }));
  }

  async manifest(release: Release, signal: AbortSignal): Promise<Uint8Array> {
    const { layout, image } = this.#options;
    const kept = layout.manifest({ image, version: release.version });
    if (existsSync(kept)) {
      const bytes = readFileSync(kept);
      if (sha256(bytes) === release.manifest.sha256) return bytes;
    }
    return this.read(release.version, release.manifest, signal, release.manifest.sha256);
  }

  /** Where there is nothing to tell, nobody has to be asked for it. */
  async notes({ version, notes, manifest }: Release, signal: AbortSignal): Promise<Uint8Array> {
    if (notes.sizeBytes === NO_NOTES.length && notes.sha256 === sha256(NO_NOTES) && !this.#options.cache.has(notes))
      this.#options.cache.put(notes, NO_NOTES);
    return this.read(version, notes, signal, manifest.sha256);
  }

  #nobodyHas(version: number): RippleError {
    const banned = this.#options.sources.bannedCount();
    const why = banned > 0 ? ` who can be believed (${banned} gave wrong bytes)` : '';
    return new RippleError('NoSource', `nobody near${why} has version ${version}; what came of it is kept`);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
