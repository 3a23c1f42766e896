/**
 * The bundles that an upstream has published from versions that are here to the one that comes. Each is unpacked as it
 * comes: that is how it is known to be right, and most of the new version comes out of it, which spares the upstream's line.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BundleShelf } from '../bundles/shelf.ts';
import type { BlobRef, BundleName, Clock, Logger, Source } from '../core/ports.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import type { Layout } from '../deploy/layout.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { Repository } from '../store/repository.ts';
import { makeFolder, syncFolder } from '../sys/durable.ts';
import { BundleTaker, partOf } from './bundle-taker.ts';
import { bytesOf, type HeldVersion } from './school-holdings.ts';

export interface MirrorBundlesOptions {
  readonly repository: Repository;
  readonly image: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class MirrorBundles {
  readonly #options: MirrorBundlesOptions;
  readonly #layout: Layout;
  readonly #cache: BlobCache;
  readonly #taker: BundleTaker;

  constructor(options: MirrorBundlesOptions, layout: Layout, cache: BlobCache) {
    const { clock, logger } = options;
    this.#options = options;
    this.#layout = layout;
    this.#cache = cache;
    mkdirSync(layout.bundles, { recursive: true, mode: 0o700 });
    mkdirSync(this.#taken, { recursive: true, mode: 0o700 });
    const shelf = new BundleShelf({ folder: layout.bundles, capBytes: 0, keepMs: 0, nowMs: () => clock.monotonicMs() });
    this.#taker = new BundleTaker({ layout, cache, shelf, ledger: new SourceLedger(), clock, logger });
  }

  /** Whole and right, on disk, and waiting for their version. */
  get #taken(): string {
    return join(this.#layout.state, 'taken');
  }

  /** Fails only by `signal`: what does not come as a bundle comes blob by blob. */
  async take(
    upstream: Source,
    held: readonly HeldVersion[],
    incoming: HeldVersion,
    lacking: readonly BlobRef[],
    served: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { image, repository } = this.#options;
    const isBase = (one: HeldVersion): boolean =>
      one.image === image && one.manifest.sha256 !== incoming.manifest.sha256;
    const bases = held.filter(isBase).sort((a, b) => b.version - a.version);
    // What laptops run now, first: most that is new comes out of the first one.
    bases.sort((a, b) => Number(b.version === served) - Number(a.version === served));
    const hashes = new Set(lacking.map(({ sha256 }) => sha256));
    for (const base of bases) {
      const name = { from: base.manifest.sha256, to: incoming.manifest.sha256 };
      if (this.#has(name)) continue;
      const newBytes = bytesOf([base, incoming]) - bytesOf([base]);
      const taken = await this.#taker.take({
        name,
        tree: repository.blobs,
        isBlobs: true,
        manifestA: repository.blobPath(base.manifest.sha256),
        manifest: incoming.manifest,
        // A longer one is of no use to anybody.
        maxBytes: newBytes,
        maxNewBytes: bytesOf([incoming]),
        stageBytes: 0,
        patienceMs: 0,
        sources: () => [upstream],
        onProgress: () => {},
        signal,
      });
      for (const { sha256 } of taken.contents) if (!hashes.has(sha256)) this.#cache.drop(sha256);
      if (taken.end !== 'whole') continue;
      renameSync(partOf(this.#layout, name), join(this.#taken, fileOf(name)));
      this.#options.logger.info('took a bundle from upstream', { from: base.version, bytes: taken.bytes });
    }
  }

  /** Those that lead to this version, into the repository; the others are of no use. For who holds its lock. */
  async moveIn({ manifest }: HeldVersion): Promise<void> {
    const folder = join(this.#options.repository.root, 'bundles');
    await makeFolder(folder);
    for (const file of readdirSync(this.#taken)) {
      const path = join(this.#taken, file);
      if (file.endsWith(`-${manifest.sha256}`)) renameSync(path, join(folder, file));
      else rmSync(path, { force: true });
    }
    await syncFolder(folder);
  }

  #has(name: BundleName): boolean {
    return [join(this.#options.repository.root, 'bundles'), this.#taken].some((folder) =>
      existsSync(join(folder, fileOf(name))),
    );
  }
}

function fileOf({ from, to }: BundleName): string {
  return `${from}-${to}`;
}
