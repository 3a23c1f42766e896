/** From a verified release to a staged deployment: manifest, plan, room, blobs, tree. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asRippleError, HashMismatchError, RippleError } from '../api/errors.ts';
import { NO_PROGRESS, type ProgressInfo } from '../api/model.ts';
import type { Entry } from '../core/entry.ts';
import { planStage, type StagePlan } from '../core/plan.ts';
import type { BlobRef, BundleName, Clock, Logger, Source } from '../core/ports.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { Deployment, Layout } from '../deploy/layout.ts';
import { assertRoom } from '../deploy/space.ts';
import { stage } from '../deploy/stage.ts';
import type { FetchResult } from '../fetch/fetch-count.ts';
import { BlobsMissingError, fetchBlobs } from '../fetch/swarm.ts';
import type { Release } from '../image/documents.ts';
import { parseManifest } from '../image/manifest.ts';
import { readNotes } from '../image/notes.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { writeDurablySync } from '../sys/durable.ts';
import { BundleTaker } from './bundle-taker.ts';
import { Meter } from './meter.ts';
import { noAnswer } from './no-answer.ts';
import type { FetchPart } from './parts.ts';
import type { SourceBook } from './source-book.ts';
import type { Switcher } from './switcher.ts';
import type { TrustKeeper } from './trust-keeper.ts';

/** With nobody near a fetch waits so long for somebody before it says so. */
const NOBODY_PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 1000;
/**
 * A bundle may be longer than the manifest, which has to come otherwise, by such a part of the whole tree; for a longer one
 * the manifest is fetched first, to know exactly what it is worth.
 */
const BLIND_SHARE = 1 / 16;

export interface FetcherOptions {
  readonly layout: Layout;
  readonly image: string;
  readonly trust: TrustKeeper;
  readonly sources: SourceBook;
  readonly ledger: SourceLedger;
  readonly cache: BlobCache;
  readonly switcher: Switcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Fetcher implements FetchPart {
  readonly #options: FetcherOptions;
  readonly #taker: BundleTaker;
  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#taker = new BundleTaker(options);
  }

  /** How much is missing for a release, and its notes. Fetches the manifest unless somebody has a small bundle. */
  async describe(
    release: Release,
    signal: AbortSignal,
  ): Promise<{ readonly downloadSizeBytes: number; readonly notes: Readonly<Record<string, string>> }> {
    const { version } = release;
    const notes = readNotes(await this.#small(version, release.notes, signal));
    const name = this.#bundleName(release);
    if (name && !this.#hasManifest(release)) {
      const bytes = await this.#taker.size(name, this.#options.sources.forVersion(version), signal);
      if (bytes !== undefined && bytes <= blindLimit(release)) return { downloadSizeBytes: bytes, notes };
    }
    const { plan } = this.#plan(await this.#manifest(release, signal));
    return { downloadSizeBytes: plan.fetchBytes, notes };
  }

  async run(
    version: number,
    report: { progress(progress: ProgressInfo): void; staging(): void },
    signal: AbortSignal,
  ): Promise<void> {
    const { switcher, layout, trust, image, cache } = this.#options;
    const target: Deployment = { image, version };
    const done = (): void => report.progress({ ...NO_PROGRESS, version, phase: 'done' });
    const { local, staged } = switcher.facts();
    if (local.includes(version)) {
      report.staging();
      // A daemon that died between the tree's name and here left the blobs, which are in the tree.
      if (version === staged) this.#forgetBlobs(trust.deployedRelease(image, version));
      done();
      return;
    }
    const meter = new Meter(version, this.#options.clock, report.progress);
    meter.phase('release', 0);
    const release = (await trust.keptRelease(image, version)) ?? (await this.#askForRelease(version, signal));
    meter.phase('manifest', release.manifest.sizeBytes);
    let bundle = this.#hasManifest(release)
      ? 'unknown'
      : await this.#bundle(release, blindLimit(release), meter, signal);
    const manifestBytes = await this.#manifest(release, signal);
    // Without its notes a version works as well.
    await this.#small(version, release.notes, signal).catch(() => undefined);
    let planned = this.#plan(manifestBytes);
    if (bundle !== 'none' && bundle !== 'taken' && planned.plan.fetchBytes > 0) {
      bundle = await this.#bundle(release, planned.plan.fetchBytes - 1, meter, signal);
      if (bundle === 'taken') planned = this.#plan(manifestBytes);
    }
    const { plan, entries, base } = planned;
    assertRoom(layout, plan, { hereBytes: cache.partialBytes() });
    if (plan.fetch.length > 0) await this.#planned(version, plan, meter, signal);

    report.staging();
    meter.phase('staging', plan.totalBytes);
    // On disk before the tree gets its name: a deployment is only whole with these.
    writeDurablySync(layout.manifest(target), manifestBytes);
    const result = await stage({
      layout,
      target,
      manifest: entries,
      plan,
      ...(base ? { base } : {}),
      blobPath: (sha256) =>
        plan.fetch.some((ref) => ref.sha256 === sha256) || existsSync(cache.path(sha256))
          ? cache.path(sha256)
          : undefined,
      fetchBlob: async (ref) => {
        await this.#blobs(version, [ref], meter, signal);
        return cache.path(ref.sha256);
      },
      onProgress: (doneBytes) => meter.done(doneBytes),
      signal,
    });
    for (const sha256 of result.usedBlobs) cache.drop(sha256);
    this.#forgetBlobs(release);
    const name = this.#bundleName(release);
    if (name && bundle === 'taken') this.#taker.keep(name);
    switcher.refresh();
    meter.phase('done', 0);
  }

  async #planned(version: number, plan: StagePlan, meter: Meter, signal: AbortSignal): Promise<void> {
    meter.phase('blobs', plan.fetchBytes);
    const fetched = await this.#blobs(version, plan.fetch, meter, signal);
    this.#options.logger.info('fetched', {
      version,
      bytes: fetched.fetchedBytes,
      resumed: fetched.resumedBytes,
      requests: fetched.requests,
      sources: fetched.bytesBySource,
    });
  }

  /** From the running version's manifest to the release's. */
  #bundleName(release: Release): BundleName | undefined {
    const { trust, image, switcher } = this.#options;
    const { booted, current } = switcher.facts();
    const from = booted || current ? trust.deployedRelease(image, booted || current) : undefined;
    return from && { from: from.manifest.sha256, to: release.manifest.sha256 };
  }

  /** `long`: somebody has one that is longer than `maxBytes`. */
  async #bundle(
    release: Release,
    maxBytes: number,
    meter: Meter,
    signal: AbortSignal,
  ): Promise<'taken' | 'none' | 'long'> {
    const { layout, image, switcher, sources, logger } = this.#options;
    const name = this.#bundleName(release);
    if (!name) return 'none';
    const { booted, current } = switcher.facts();
    const from: Deployment = { image, version: booted || current };
    let [isLong, isTold] = [false, false];
    const taken = await this.#taker.take({
      name,
      tree: layout.deployment(from),
      manifestA: layout.manifest(from),
      manifest: release.manifest,
      maxBytes,
      onTooLong: () => {
        isLong = true;
      },
      maxNewBytes: release.sizeBytes,
      sources: () => sources.forVersion(release.version),
      onProgress: (doneBytes, totalBytes, bySource) => {
        if (!isTold) meter.phase('blobs', totalBytes);
        isTold = true;
        meter.fetched(doneBytes, bySource);
      },
      signal,
    });
    if (!taken) return isLong ? 'long' : 'none';
    logger.info('took a bundle', { version: release.version, bytes: taken.bytes, sources: taken.bytesBySource });
    return 'taken';
  }

  #hasManifest(release: Release): boolean {
    const { cache, layout, image } = this.#options;
    return cache.has(release.manifest) || existsSync(layout.manifest({ image, version: release.version }));
  }

  /** The notes stay, for neighbours that ask what is new. */
  #forgetBlobs(release: Release | undefined): void {
    this.#options.cache.clear(new Set(release ? [release.notes.sha256] : []));
  }

  /** One checked blob as a file, from whoever has it; used by repair. */
  async fetchBlob(version: number, ref: BlobRef, signal: AbortSignal): Promise<string> {
    await this.#blobs(version, [ref], new Meter(version, this.#options.clock, () => {}), signal);
    return this.#options.cache.path(ref.sha256);
  }

  /** From whoever knows it. A laptop that has just started has not heard of anybody yet: it waits a while. */
  async #askForRelease(version: number, signal: AbortSignal): Promise<Release> {
    const { image, sources } = this.#options;
    for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
      const asked = sources.toAsk(Number.POSITIVE_INFINITY);
      const troubles: RippleError[] = [];
      for (const source of asked) {
        const answer = await this.#askOneForRelease(source, version, signal);
        if (answer instanceof RippleError) troubles.push(answer);
        else if (answer) return answer;
      }
      if (asked.length > troubles.length)
        throw new RippleError('UnknownVersion', `nobody near knows a version ${version} of ${image}`);
      if (asked.length > 0 || waitedMs >= NOBODY_PATIENCE_MS)
        throw noAnswer(asked.length, troubles, sources.bannedCount());
      await sleep(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  async #askOneForRelease(
    source: Source,
    version: number,
    signal: AbortSignal,
  ): Promise<Release | RippleError | undefined> {
    const { trust, image, switcher, sources, logger } = this.#options;
    try {
      await trust.advance(source, signal);
      return await trust.release(source, image, version, switcher.facts().booted, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asRippleError(thrown);
      sources.blame(source, error);
      logger.warn('a source was no help', { source: source.id, code: error.code, message: error.message });
      return error;
    }
  }

  async #manifest(release: Release, signal: AbortSignal): Promise<Uint8Array> {
    const { layout, image } = this.#options;
    const kept = layout.manifest({ image, version: release.version });
    if (existsSync(kept)) {
      const bytes = readFileSync(kept);
      if (sha256(bytes) === release.manifest.sha256) return bytes;
    }
    return this.#small(release.version, release.manifest, signal);
  }

  async #small(version: number, ref: BlobRef, signal: AbortSignal): Promise<Uint8Array> {
    const { cache } = this.#options;
    await this.#blobs(version, [ref], new Meter(version, this.#options.clock, () => {}), signal);
    const bytes = readFileSync(cache.path(ref.sha256));
    // Read back from a disk: hashed again before use.
    const actual = sha256(bytes);
    if (actual === ref.sha256) return bytes;
    cache.drop(ref.sha256);
    throw new HashMismatchError(`blob ${ref.sha256}`, ref.sha256, actual);
  }

  #plan(manifestBytes: Uint8Array): {
    readonly plan: StagePlan;
    readonly entries: readonly Entry[];
    readonly base?: { readonly deployment: Deployment; readonly manifest: readonly Entry[] };
  } {
    const { layout, image, switcher, cache } = this.#options;
    const entries = parseManifest(manifestBytes);
    const { booted, current } = switcher.facts();
    const version = booted || current;
    const sizes = new Map<string, number>();
    for (const entry of entries) if (entry.type === 'file') sizes.set(entry.sha256, entry.sizeBytes);
    const has = (sha: string): boolean => cache.has({ sha256: sha, sizeBytes: sizes.get(sha) ?? -1 });
    if (version === 0) return { plan: planStage(entries, undefined, has), entries };
    const deployment = { image, version };
    const base = { deployment, manifest: parseManifest(readFileSync(layout.manifest(deployment))) };
    return { plan: planStage(entries, base.manifest, has), entries, base };
  }

  #nobodyHas(version: number): RippleError {
    const banned = this.#options.sources.bannedCount();
    const why = banned > 0 ? ` who can be believed (${banned} gave wrong bytes)` : '';
    return new RippleError('NoSource', `nobody near${why} has version ${version}; what came of it is kept`);
  }

  /** Fetches; while nobody at all is near it waits a while, for friends walk away and others come by. */
  async #blobs(version: number, refs: readonly BlobRef[], meter: Meter, signal: AbortSignal): Promise<FetchResult> {
    const { sources, cache, ledger, clock, logger } = this.#options;
    for (let waitedMs = 0; ; ) {
      try {
        return await fetchBlobs(refs, {
          sources: () => sources.forVersion(version),
          cache,
          ledger,
          clock,
          signal,
          onProgress: (progress) => meter.fetched(progress.doneBytes, progress.bytesBySource),
          onSourceError: (source, error, banned) => {
            logger.warn('source', { id: source.id, banned, message: error.message });
            sources.doubt(source.id);
          },
        });
      } catch (thrown) {
        if (!(thrown instanceof BlobsMissingError) || sources.forVersion(version).length > 0) throw thrown;
        if (waitedMs >= NOBODY_PATIENCE_MS) throw this.#nobodyHas(version);
        await sleep(LOOK_AGAIN_MS, undefined, { signal });
        waitedMs += LOOK_AGAIN_MS;
      }
    }
  }
}

/** Bytes of a bundle that is worth taking although the manifest, and so the price of the blobs, is not known. */
function blindLimit(release: Release): number {
  return release.manifest.sizeBytes + Math.floor(release.sizeBytes * BLIND_SHARE);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
