/** Is the running version still what was published, and if not, mend it. */
import { readFileSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { BlobRef, Logger } from '../core/ports.ts';
import type { Layout } from '../deploy/layout.ts';
import { type RepairTree, repairDeployment } from '../deploy/repair.ts';
import { type Damage, type Verification, verifyDeployment } from '../deploy/verify.ts';
import { parseManifest } from '../image/manifest.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { syncFolder } from '../sys/durable.ts';
import type { Fetcher } from './fetcher.ts';
import type { CarePart } from './parts.ts';
import type { Switcher } from './switcher.ts';

export interface CareOptions {
  readonly layout: Layout;
  readonly switcher: Switcher;
  readonly fetcher: Fetcher;
  readonly cache: BlobCache;
  readonly logger: Logger;
}

export class Care implements CarePart {
  readonly #options: CareOptions;
  constructor(options: CareOptions) {
    this.#options = options;
  }

  async verify(signal: AbortSignal): Promise<{ readonly checked: number; readonly damaged: number }> {
    const { checked, damaged } = await this.#verify(this.#tree(this.#version()), signal);
    for (const { path, reason } of damaged.slice(0, 20)) this.#options.logger.warn('damaged', { path, reason });
    return { checked, damaged: damaged.length };
  }

  async repair(signal: AbortSignal): Promise<{ readonly repaired: number }> {
    const version = this.#version();
    const { damaged } = await this.#verify(this.#tree(version), signal);
    return this.mend(version, damaged, signal);
  }

  /** Makes what was found damaged in one version whole again. @throws RippleError if anything is left */
  async mend(version: number, damaged: readonly Damage[], signal: AbortSignal): Promise<{ readonly repaired: number }> {
    if (damaged.length === 0) return { repaired: 0 };
    const { layout, switcher, fetcher, cache } = this.#options;
    const tree = this.#tree(version);
    const { booted, local } = switcher.facts();
    const others = local.filter((one) => one !== version).map((one) => this.#tree(one));
    const fetched: string[] = [];
    const fetchBlob = async (ref: BlobRef): Promise<string> => {
      fetched.push(ref.sha256);
      try {
        return await fetcher.fetchBlob(version, ref, signal);
      } catch (error) {
        // Nobody near has this version any more; whoever has the running one may have the file.
        if (booted === version || booted === 0 || asRippleError(error).code !== 'NoSource') throw error;
        return fetcher.fetchBlob(booted, ref, signal);
      }
    };
    const { repaired, failed } = await repairDeployment(layout, { tree, damaged, others, fetchBlob, signal });
    // They are in the trees now. After a failure, or a power cut, they stay for the next try.
    if (failed.length === 0 && fetched.length > 0) {
      for (const sha256 of fetched) cache.drop(sha256);
      await syncFolder(layout.blobs);
    }
    const first = failed[0];
    if (first)
      throw new RippleError(
        first.error.code,
        `${repaired} repaired, ${failed.length} not; ${first.path}: ${first.error.message}`,
      );
    return { repaired };
  }

  #version(): number {
    const { booted, current } = this.#options.switcher.facts();
    const version = booted || current;
    if (version === 0) throw new RippleError('UnknownVersion', 'no version runs from this sysroot');
    return version;
  }

  #tree(version: number): RepairTree {
    const deployment = this.#options.switcher.deployment(version);
    return { deployment, manifest: parseManifest(readFileSync(this.#options.layout.manifest(deployment))) };
  }

  #verify(tree: RepairTree, signal: AbortSignal): Promise<Verification> {
    return verifyDeployment(this.#options.layout.deployment(tree.deployment), tree.manifest, { signal });
  }
}
