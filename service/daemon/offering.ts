/** What a laptop gives: the version it runs and, if the configuration allows, the one that waits; straight from the trees. */
import { asRippleError } from '../api/errors.ts';
import type { BundleShelf } from '../bundles/shelf.ts';
import type { Side } from '../bundles/side.ts';
import type { Logger, Sha256 } from '../core/ports.ts';
import type { RepositoryPath } from '../core/repository-path.ts';
import type { Layout } from '../deploy/layout.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { Content, ServedContent } from '../store/content.ts';
import { DeploymentContent, type GivenTree } from '../store/deployment-content.ts';
import { ServedTree } from '../store/served-tree.ts';
import { heldVersion } from './parts.ts';
import type { Switcher } from './switcher.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface OfferingOptions {
  readonly layout: Layout;
  readonly image: string;
  readonly switcher: Switcher;
  readonly cache: BlobCache;
  readonly shelf: BundleShelf;
  readonly trust: TrustKeeper;
  readonly giveStaged: boolean;
  readonly logger: Logger;
}

export class Offering implements Content {
  readonly #options: OfferingOptions;
  readonly #trees = new Map<number, GivenTree>();
  /** Every version that is here, by its manifest. */
  #here: ReadonlyMap<Sha256 | undefined, number> = new Map();
  #content: DeploymentContent | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: OfferingOptions) {
    this.#options = options;
    options.switcher.onChange(() => this.refresh());
  }

  async open(path: RepositoryPath): Promise<ServedContent | undefined> {
    // An adopted system's own record is of no use to others.
    if (path.kind === 'release' && !this.#options.trust.isSigned(path.image, path.version)) return undefined;
    const found = await this.#content?.open(path);
    if (found && path.kind === 'bundle') this.#options.shelf.used(path);
    return found;
  }

  /** Opens what should be given now and closes what should not; one after the other. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#refresh());
    return this.#refreshing;
  }

  /** A version that is here, as a side of a bundle that might be made; `to` only what is given. */
  sideOf(sha256: Sha256, role: 'from' | 'to'): Side | undefined {
    const { layout, image } = this.#options;
    const version = this.#here.get(sha256);
    if (version === undefined || (role === 'to' && !this.#trees.has(version))) return undefined;
    const deployment = { image, version };
    return {
      manifest: { path: layout.manifest(deployment), sha256 },
      contents: { tree: layout.deployment(deployment) },
    };
  }

  /** Lets go of every tree: nothing is given any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#refreshing;
    this.#content = undefined;
    for (const { tree } of this.#trees.values()) tree.close();
    this.#trees.clear();
  }

  async #refresh(): Promise<void> {
    if (this.#closed) return;
    const { switcher, giveStaged, layout, cache, shelf, trust, image } = this.#options;
    const facts = switcher.facts();
    const { booted, local } = facts;
    const wanted = [booted, giveStaged ? heldVersion(facts) : 0].filter((version) => local.includes(version));
    for (const version of wanted) if (!this.#trees.has(version)) await this.#open(version);
    const gone = [...this.#trees].filter(([version]) => !wanted.includes(version));
    for (const [version] of gone) this.#trees.delete(version);
    // First the new content, then the old trees closed: nobody is told "not here" between the two.
    this.#content = new DeploymentContent({ layout, trees: [...this.#trees.values()], cache });
    for (const [, { tree }] of gone) tree.close();
    // A bundle goes with the version that it leads to.
    this.#here = new Map(local.map((version) => [trust.deployedRelease(image, version)?.manifest.sha256, version]));
    shelf.prune(({ to }) => this.#here.has(to));
  }

  async #open(version: number): Promise<void> {
    const { layout, image, trust, cache, logger } = this.#options;
    const deployment = { image, version };
    try {
      const release = trust.deployedRelease(image, version);
      // An adopted system was never published, and may hold what is nobody else's business.
      if (!release || !trust.isSigned(image, version)) return;
      // Left by an earlier process, so not given before it was read again.
      if (cache.isDoubtful(release.notes.sha256)) await cache.rehash(release.notes);
      const manifestPath = layout.manifest(deployment);
      const damaged = (path: string): void =>
        logger.warn('a file of the tree changed: not given; look with ripple verify', { path });
      this.#trees.set(version, {
        tree: new ServedTree(layout.deployment(deployment), manifestPath, release.manifest.sha256, damaged),
        manifestPath,
      });
    } catch (error) {
      logger.warn('a version cannot be given', { version, message: asRippleError(error).message });
    }
  }
}
