/** A school server makes the bundles that its repository lacks, between any two versions that it has, and keeps them apart from it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asRippleError } from '../api/errors.ts';
import { OnDemandContent, ShelfContent } from '../bundles/on-demand.ts';
import { BUNDLE_KEEP_MS, BundleShelf } from '../bundles/shelf.ts';
import type { Side } from '../bundles/side.ts';
import { BundleWorkshop } from '../bundles/workshop.ts';
import type { Clock, Logger, Sha256 } from '../core/ports.ts';
import { MAX_DOCUMENT_BYTES, parseRelease } from '../image/documents.ts';
import { blobSide } from '../publish/bundles.ts';
import { readSignedMessage } from '../sign/packets.ts';
import type { Content } from '../store/content.ts';
import type { Repository } from '../store/repository.ts';

/** Beside what is published: nothing in here was signed for, and any of it may go. */
const FOLDER = '.made';

export class SchoolBundles {
  readonly content: Content;
  readonly #repository: Repository;
  readonly #workshop: BundleWorkshop;
  readonly #logger: Logger;
  readonly #manifests = new Map<string, Sha256>();

  /** @throws RippleError when there is no writing in the repository */
  constructor(repository: Repository, published: Content, capBytes: number, clock: Clock, logger: Logger) {
    const folder = join(repository.root, FOLDER);
    mkdirSync(folder, { recursive: true });
    const shelf = new BundleShelf({ folder, capBytes, keepMs: BUNDLE_KEEP_MS, nowMs: () => clock.monotonicMs() });
    this.#repository = repository;
    this.#logger = logger;
    this.#workshop = new BundleWorkshop({
      shelf,
      sideOf: (sha256) => this.#sideOf(sha256),
      isFree: () => true,
      mayGoOn: () => true,
      logger,
    });
    this.content = new OnDemandContent([published, new ShelfContent(shelf)], this.#workshop);
  }

  /** Looks for versions that came or went since. */
  async refresh(): Promise<void> {
    const there = new Set<string>();
    for (const image of await this.#repository.images())
      for (const version of await this.#repository.versions(image)) {
        const path = this.#repository.releasePath(image, version);
        there.add(path);
        if (!this.#manifests.has(path)) await this.#read(path);
      }
    for (const path of this.#manifests.keys()) if (!there.has(path)) this.#manifests.delete(path);
  }

  stop(): Promise<void> {
    return this.#workshop.stop();
  }

  async #read(path: string): Promise<void> {
    try {
      const document = await this.#repository.readDocument(path);
      if (!document) return;
      this.#manifests.set(path, parseRelease(readSignedMessage(document, MAX_DOCUMENT_BYTES).payload).manifest.sha256);
    } catch (error) {
      this.#logger.warn('a release cannot be read', { path, message: asRippleError(error).message });
    }
  }

  #sideOf(sha256: Sha256): Side | undefined {
    return [...this.#manifests.values()].includes(sha256) ? blobSide(this.#repository, { sha256 }) : undefined;
  }
}
