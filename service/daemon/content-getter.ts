/** Brings what a version needs into the cache: goes the way that `core/way.ts` names, again and again, until nothing is missing. */
import { statSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { piecesOf } from '../core/piece-map.ts';
import type { StagePlan } from '../core/plan.ts';
import type { BundleName, Logger } from '../core/ports.ts';
import { nextWay, type Way } from '../core/way.ts';
import { baseByName, filesBySha } from '../delta/base-by-name.ts';
import type { Backend } from '../deploy/backend.ts';
import type { Deployment, Layout } from '../deploy/layout.ts';
import { assertRoom, stageBytes } from '../deploy/space.ts';
import type { Release } from '../image/documents.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { BlobGetter } from './blob-getter.ts';
import { type BundleTaker, partOf, type TakenBundle } from './bundle-taker.ts';
import type { DiffTaker } from './diff-taker.ts';
import type { Meter } from './meter.ts';
import type { PieceBoard } from './piece-board.ts';
import type { Planned, Planner } from './planner.ts';
import type { SourceBook } from './source-book.ts';
import type { TreeTaker } from './tree-taker.ts';

export interface ContentGetterOptions {
  readonly layout: Layout;
  readonly backend: Backend;
  readonly image: string;
  readonly sources: SourceBook;
  readonly board: PieceBoard;
  readonly cache: BlobCache;
  readonly logger: Logger;
  readonly planner: Planner;
  readonly blobs: BlobGetter;
  readonly bundles: BundleTaker;
  readonly diffs: DiffTaker;
  readonly trees: TreeTaker;
}

export interface Gotten extends Planned {
  /** It came, and all of it was right: it can be given on. */
  readonly bundle: BundleName | undefined;
}

export class ContentGetter {
  readonly #options: ContentGetterOptions;
  constructor(options: ContentGetterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the cache has all that the plan needs.
   * @throws RippleError `NoSpace` before what does not fit is fetched, `NoSource`, `HashMismatch`, `Cancelled`
   */
  async get(release: Release, meter: Meter, signal: AbortSignal): Promise<Gotten> {
    const { blobs, sources } = this.#options;
    const { version } = release;
    let bundle: 'untried' | 'again' | 'over' = 'untried';
    let diffsTried = false;
    let blobsFailed = false;
    let treesTried = false;
    let taken: BundleName | undefined;
    let planned = blobs.hasManifest(release) ? await this.#options.planner.plan(release, signal) : undefined;
    for (;;) {
      const baseOf = planned?.base && baseByName(planned.base.manifest, planned.entries);
      const way = nextWay({
        hasBase: this.#options.planner.bundleName(release) !== undefined,
        manifestBytes: release.manifest.sizeBytes,
        treeBytes: release.sizeBytes,
        missing: planned?.plan.fetch,
        baseOf: (ref) => baseOf?.(ref)?.sha256,
        bundle,
        bundleBytesHere: this.#bundleBytesHere(release),
        classmates: sources.lacking(version).length,
        diffsTried,
        repositories: sources.forVersion(version).filter(({ kind }) => kind !== 'peer').length,
        sources: sources.forVersion(version).length + sources.getting(version).length,
        blobsFailed,
        trees: treesTried ? 0 : sources.lastResorts().length,
      });
      let came = true;
      switch (way.kind) {
        case 'manifest':
          break;
        case 'bundle': {
          const { end, contents } = await this.#bundle(release, way, planned, meter, signal);
          bundle = end === 'again' && !planned ? 'again' : 'over';
          if (end === 'whole') taken = this.#options.planner.bundleName(release);
          came = contents > 0;
          break;
        }
        case 'diffs':
          await this.#diffs(release, way, planned, meter, signal);
          diffsTried = true;
          break;
        case 'tree':
          await this.#tree(release, planned, meter, signal);
          treesTried = true;
          break;
        case 'blobs':
          try {
            await this.#blobs(release, planned, meter, signal);
          } catch (error) {
            const isNowhere = error instanceof RippleError && error.code === 'NoSource';
            if (!isNowhere || treesTried || sources.lastResorts().length === 0) throw error;
            blobsFailed = true;
            break;
          }
          return { ...(planned ?? (await this.#options.planner.plan(release, signal))), bundle: taken };
        case 'done':
          this.#assertRoom(planned?.plan);
          return { ...(planned ?? (await this.#options.planner.plan(release, signal))), bundle: taken };
      }
      // A plan reads two manifests, so it is made again only when there is a reason.
      if (came || !planned) planned = await this.#options.planner.plan(release, signal);
    }
  }

  #bundleBytesHere(release: Release): number {
    const { layout } = this.#options;
    const name = this.#options.planner.bundleName(release);
    const found = [partOf, (_: Layout, one: BundleName) => layout.bundle(one)].map((pathOf) =>
      name ? statSync(pathOf(layout, name), { throwIfNoEntry: false }) : undefined,
    );
    return Math.max(0, ...found.map((one) => one?.size ?? 0));
  }

  async #bundle(
    release: Release,
    { maxBytes, patienceMs }: Extract<Way, { kind: 'bundle' }>,
    planned: Planned | undefined,
    meter: Meter,
    signal: AbortSignal,
  ): Promise<{ readonly end: TakenBundle['end']; readonly contents: number }> {
    const { layout, image, sources, logger, bundles, cache } = this.#options;
    const name = this.#options.planner.bundleName(release);
    if (!name) return { end: 'none', contents: 0 };
    // What does not even fit without a bundle is said at once.
    this.#assertRoom(planned?.plan);
    const from: Deployment = { image, version: this.#options.planner.baseVersion() };
    let isTold = false;
    const taken = await bundles.take({
      name,
      tree: layout.deployment(from),
      manifestA: layout.manifest(from),
      manifest: release.manifest,
      maxBytes,
      patienceMs,
      maxNewBytes: release.sizeBytes,
      stageBytes: planned ? stageBytes(layout, planned.plan, cache.partialBytes()) : 0,
      sources: () => sources.forVersion(release.version),
      onProgress: (doneBytes, totalBytes, bySource) => {
        if (!isTold) meter.phase('blobs', totalBytes);
        isTold = true;
        meter.fetched(doneBytes, bySource);
      },
      signal,
    });
    const { bytes, bytesBySource, contents } = taken;
    if (taken.end === 'whole') {
      logger.info('took a bundle', { version: release.version, bytes, sources: bytesBySource });
      return { end: 'whole', contents: contents.length };
    }
    // Of what came before it went wrong, only what the version has is of use.
    if (contents.length > 0) {
      const { entries } = await this.#options.planner.plan(release, signal);
      const wanted = new Set(entries.flatMap((entry) => (entry.type === 'file' ? [entry.sha256] : [])));
      for (const { sha256 } of contents) if (!wanted.has(sha256)) cache.drop(sha256);
    }
    return { end: taken.end, contents: contents.length };
  }

  async #diffs(
    release: Release,
    { wishes }: Extract<Way, { kind: 'diffs' }>,
    planned: Planned | undefined,
    meter: Meter,
    signal: AbortSignal,
  ): Promise<void> {
    const { diffs, layout, sources, logger } = this.#options;
    const base = planned?.base;
    if (!base) return;
    this.#assertRoom(planned.plan);
    const files = filesBySha(base.manifest);
    meter.phase('blobs', planned.plan.fetchBytes);
    const taken = await diffs.take({
      wishes,
      tree: layout.deployment(base.deployment),
      fileWith: (sha256) => files.get(sha256),
      sources: () => sources.forVersion(release.version),
      onProgress: (doneBytes, bySource) => meter.fetched(doneBytes, bySource),
      signal,
    });
    if (taken.made > 0)
      logger.info('took differences', {
        version: release.version,
        files: taken.made,
        bytes: taken.bytes,
        sources: taken.bytesBySource,
      });
  }

  async #tree(release: Release, planned: Planned | undefined, meter: Meter, signal: AbortSignal): Promise<void> {
    const { trees, layout, image, sources } = this.#options;
    if (!planned) return;
    this.#assertRoom(planned.plan);
    const files = filesBySha(planned.entries);
    const { base, plan } = planned;
    meter.phase('blobs', plan.fetchBytes);
    await trees.take({
      target: { image, version: release.version },
      wishes: plan.fetch.flatMap((ref) => {
        const path = files.get(ref.sha256)?.path;
        return path === undefined ? [] : [{ path, ref }];
      }),
      base: base && {
        root: layout.deployment(base.deployment),
        fileFor: baseByName(base.manifest, planned.entries),
      },
      trees: sources.lastResorts(),
      onProgress: (doneBytes, bySource) => meter.fetched(doneBytes, bySource),
      signal,
    });
  }

  async #blobs(
    { version, manifest }: Release,
    planned: Planned | undefined,
    meter: Meter,
    signal: AbortSignal,
  ): Promise<void> {
    if (!planned) return;
    const { plan, entries } = planned;
    this.#assertRoom(plan);
    meter.phase('blobs', plan.fetchBytes);
    const { blobs, board, logger } = this.#options;
    const wanted = { manifest: manifest.sha256, pieces: piecesOf(entries) };
    board.show(wanted.manifest, wanted.pieces, plan.fetch);
    const got = await blobs.get(version, plan.fetch, meter, signal, wanted);
    const { fetchedBytes, resumedBytes, requests, bytesBySource } = got;
    logger.info('fetched', { version, bytes: fetchedBytes, resumed: resumedBytes, requests, sources: bytesBySource });
  }

  #assertRoom(plan: StagePlan | undefined): void {
    const { layout, backend, cache } = this.#options;
    if (plan) assertRoom(layout, plan, { hereBytes: cache.partialBytes(), clones: backend.name === 'reflink' });
  }
}
