/** What is missing for a version, from the manifests alone: that of the version that runs, and its own. */
import { readFileSync } from 'node:fs';
import type { Entry } from '../core/entry.ts';
import { planStage, type StagePlan } from '../core/plan.ts';
import type { BundleName, Sha256 } from '../core/ports.ts';
import type { Deployment, Layout } from '../deploy/layout.ts';
import type { Release } from '../image/documents.ts';
import { parseManifest } from '../image/manifest.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { BlobGetter } from './blob-getter.ts';
import type { Switcher } from './switcher.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface PlannerOptions {
  readonly layout: Layout;
  readonly image: string;
  readonly trust: TrustKeeper;
  readonly cache: BlobCache;
  readonly switcher: Switcher;
  readonly blobs: BlobGetter;
}

/** The version that runs: what new files are made from. */
export interface Base {
  readonly deployment: Deployment;
  readonly manifest: readonly Entry[];
}

export interface Planned {
  readonly manifestBytes: Uint8Array;
  readonly entries: readonly Entry[];
  readonly base: Base | undefined;
  readonly plan: StagePlan;
}

export class Planner {
  readonly #options: PlannerOptions;
  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** What is missing for a version; fetches its manifest. */
  async plan(release: Release, signal: AbortSignal): Promise<Planned> {
    const { cache, blobs } = this.#options;
    const manifestBytes = await blobs.manifest(release, signal);
    const entries = parseManifest(manifestBytes);
    const sizes = new Map<Sha256, number>();
    for (const entry of entries) if (entry.type === 'file') sizes.set(entry.sha256, entry.sizeBytes);
    const has = (sha256: Sha256): boolean => cache.has({ sha256, sizeBytes: sizes.get(sha256) ?? -1 });
    const base = this.#base();
    return { manifestBytes, entries, base, plan: planStage(entries, base?.manifest, has) };
  }

  /** From the running version's manifest to the release's. */
  bundleName(release: Release): BundleName | undefined {
    const { trust, image } = this.#options;
    const version = this.baseVersion();
    const from = version > 0 ? trust.deployedRelease(image, version) : undefined;
    return from && { from: from.manifest.sha256, to: release.manifest.sha256 };
  }

  /** 0: none. */
  baseVersion(): number {
    const { booted, current } = this.#options.switcher.facts();
    return booted || current;
  }

  #base(): Base | undefined {
    const { image, layout } = this.#options;
    const deployment = { image, version: this.baseVersion() };
    if (deployment.version === 0) return undefined;
    return { deployment, manifest: parseManifest(readFileSync(layout.manifest(deployment))) };
  }
}
