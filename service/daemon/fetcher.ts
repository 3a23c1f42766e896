/** From a verified release to a staged deployment: content, tree. */
import { existsSync } from 'node:fs';
import { NO_PROGRESS, type ProgressInfo } from '../api/model.ts';
import type { BundleShelf } from '../bundles/shelf.ts';
import type { BlobRef, Clock, Logger } from '../core/ports.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { blindLimit } from '../core/way.ts';
import type { Backend } from '../deploy/backend.ts';
import { syncPath } from '../deploy/disk-path.ts';
import type { Deployment, Layout } from '../deploy/layout.ts';
import { stage } from '../deploy/stage.ts';
import type { Release } from '../image/documents.ts';
import { readNotes } from '../image/notes.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { writeDurablySync } from '../sys/durable.ts';
import { BlobGetter } from './blob-getter.ts';
import { BundleTaker } from './bundle-taker.ts';
import { ContentGetter } from './content-getter.ts';
import { DiffTaker } from './diff-taker.ts';
import { Meter } from './meter.ts';
import type { FetchPart } from './parts.ts';
import type { PieceBoard } from './piece-board.ts';
import { Planner } from './planner.ts';
import { ReleaseAsker } from './release-asker.ts';
import type { SourceBook } from './source-book.ts';
import type { Switcher } from './switcher.ts';
import { TreeTaker } from './tree-taker.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface FetcherOptions {
  readonly layout: Layout;
  readonly backend: Backend;
  readonly image: string;
  readonly ownId: string;
  readonly trust: TrustKeeper;
  readonly sources: SourceBook;
  readonly ledger: SourceLedger;
  readonly cache: BlobCache;
  readonly shelf: BundleShelf;
  /** Told of what came, for neighbours. */
  readonly board: PieceBoard;
  readonly switcher: Switcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Fetcher implements FetchPart {
  readonly #options: FetcherOptions;
  readonly #releases: ReleaseAsker;
  readonly #blobs: BlobGetter;
  readonly #bundles: BundleTaker;
  readonly #planner: Planner;
  readonly #contents: ContentGetter;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#releases = new ReleaseAsker(options);
    this.#blobs = new BlobGetter(options);
    this.#bundles = new BundleTaker(options);
    this.#planner = new Planner({ ...options, blobs: this.#blobs });
    const ways = {
      blobs: this.#blobs,
      bundles: this.#bundles,
      diffs: new DiffTaker(options),
      trees: new TreeTaker(options),
    };
    this.#contents = new ContentGetter({ ...options, planner: this.#planner, ...ways });
  }

  /** How much is missing for a release, and its notes. Fetches the manifest unless somebody has a small bundle. */
  async describe(
    release: Release,
    signal: AbortSignal,
  ): Promise<{ readonly downloadSizeBytes: number; readonly notes: Readonly<Record<string, string>> }> {
    const notes = readNotes(await this.#blobs.notes(release, signal));
    const name = this.#planner.bundleName(release);
    if (name && !this.#blobs.hasManifest(release)) {
      const bytes = await this.#bundles.size(name, this.#options.sources.forVersion(release.version), signal);
      const limit = blindLimit({ manifestBytes: release.manifest.sizeBytes, treeBytes: release.sizeBytes });
      if (bytes !== undefined && bytes <= limit) return { downloadSizeBytes: bytes, notes };
    }
    const { plan } = await this.#planner.plan(release, signal);
    return { downloadSizeBytes: plan.fetchBytes, notes };
  }

  /** Gets and keeps the release of any version, also one below the one that runs: for an order that says so. */
  async learnRelease(version: number, signal: AbortSignal): Promise<void> {
    await this.#releases.release(version, signal, 0);
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
    const release = await this.#releases.release(version, signal);
    meter.phase('manifest', release.manifest.sizeBytes);
    const { manifestBytes, entries, base, plan, bundle } = await this.#contents.get(release, meter, signal);
    // Without its notes a version works as well.
    await this.#blobs.notes(release, signal).catch(() => undefined);

    report.staging();
    meter.phase('staging', plan.totalBytes);
    // On disk before the tree gets its name: a deployment is only whole with these.
    writeDurablySync(layout.manifest(target), manifestBytes);
    const result = await stage({
      layout,
      backend: this.#options.backend,
      target,
      manifest: entries,
      plan,
      ...(base ? { base } : {}),
      blobPath: (sha256) =>
        plan.fetch.some((ref) => ref.sha256 === sha256) || existsSync(cache.path(sha256))
          ? cache.path(sha256)
          : undefined,
      fetchBlob: (ref) => this.#blobs.getOne(version, ref, signal),
      onProgress: (doneBytes) => meter.done(doneBytes),
      signal,
    });
    this.#options.board.clear();
    for (const sha256 of result.usedBlobs) cache.drop(sha256);
    this.#forgetBlobs(release);
    this.#bundles.keep(bundle);
    switcher.refresh();
    meter.phase('done', 0);
  }

  /** One checked blob as a file, from whoever has it; used by repair. */
  fetchBlob(version: number, ref: BlobRef, signal: AbortSignal): Promise<string> {
    return this.#blobs.getOne(version, ref, signal);
  }

  /**
   * The notes stay, for neighbours that ask what is new. On the disk before the goal is forgotten: after that nobody would
   * take away what a power cut brought back.
   */
  #forgetBlobs(release: Release | undefined): void {
    const { cache, layout } = this.#options;
    cache.clear(new Set(release ? [release.notes.sha256] : []));
    syncPath(layout.blobs);
  }
}
