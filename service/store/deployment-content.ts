/**
 * What a laptop gives: the files of the versions it has, their manifests, blobs that it keeps whole (notes, and what
 * it is fetching), and the documents it verified. Everything comes from the disk as it is; nothing is copied.
 */
import { relative } from 'node:path';
import type { BundleName, Sha256 } from '../core/ports.ts';
import { isDocument, type RepositoryPath } from '../core/repository-path.ts';
import type { Layout } from '../deploy/layout.ts';
import type { Content, ServedContent } from './content.ts';
import { OpenRoot } from './open-beneath.ts';
import { servedDocument, servedFile } from './served-file.ts';
import type { ServedTree } from './served-tree.ts';

export interface GivenTree {
  readonly tree: ServedTree;
  /** Where its manifest lies. */
  readonly manifestPath: string;
}

export interface DeploymentContentOptions {
  readonly layout: Layout;
  /** Best first: the booted version, then what is held besides. Closed by whoever opened them. */
  readonly trees: readonly GivenTree[];
  /** A blob of the cache that an earlier process left and nobody has checked since is not given. */
  readonly cache: { isDoubtful(sha256: Sha256): boolean };
}

export class DeploymentContent implements Content {
  readonly #layout: Layout;
  readonly #trees: readonly GivenTree[];
  readonly #cache: DeploymentContentOptions['cache'];
  readonly #state: OpenRoot;

  /** Throws `IoError` when the sysroot has no state folder. */
  constructor(options: DeploymentContentOptions) {
    this.#layout = options.layout;
    this.#trees = options.trees;
    this.#cache = options.cache;
    this.#state = new OpenRoot(options.layout.state);
  }

  async open(path: RepositoryPath): Promise<ServedContent | undefined> {
    if (path.kind === 'blob') return this.#openBlob(path.sha256);
    if (path.kind === 'bundle') return this.#openBundle(path);
    const file = isDocument(path) ? this.#documentPath(path) : undefined;
    return file === undefined ? undefined : servedDocument(this.#state, relative(this.#layout.state, file));
  }

  #openBlob(sha256: Sha256): ServedContent | undefined {
    for (const { tree, manifestPath } of this.#trees) {
      const found = tree.manifest.sha256 === sha256 ? this.#openState(manifestPath, sha256) : tree.open(sha256);
      if (found) return found;
    }
    // Last, so that a file that was changed in the tree can still come from the cache.
    return this.#cache.isDoubtful(sha256) ? undefined : this.#openState(`${this.#layout.blobs}/${sha256}`, sha256);
  }

  /** Only to a version that is given itself. It has its name since it was decoded and right. */
  #openBundle(name: BundleName): ServedContent | undefined {
    if (!this.#trees.some(({ tree }) => tree.manifest.sha256 === name.to)) return undefined;
    const opened = this.#state.open(relative(this.#layout.state, this.#layout.bundle(name)));
    // Two makers may have made different bundles of one name: the tag must not be the name alone.
    return opened && servedFile(opened, `${name.from}-${name.to}-${opened.stat.size}-${opened.stat.mtimeNs}`);
  }

  #openState(file: string, sha256: Sha256): ServedContent | undefined {
    const opened = this.#state.open(relative(this.#layout.state, file));
    return opened && servedFile(opened, sha256);
  }

  #documentPath(path: RepositoryPath): string | undefined {
    switch (path.kind) {
      case 'keyring':
        return this.#layout.keyringNumbered(path.version);
      case 'latest':
        return this.#layout.latest(path.image);
      case 'release':
        return this.#layout.release(path);
      case 'order':
        return this.#layout.order(path.image, path.epoch);
      default:
        return undefined;
    }
  }
}
