/** What is given, and bundles besides: from a shelf, and made for it when somebody asks. */
import type { RepositoryPath } from '../core/repository-path.ts';
import type { Content, ServedContent } from '../store/content.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { servedFile } from '../store/served-file.ts';
import type { BundleShelf } from './shelf.ts';
import type { BundleWorkshop } from './workshop.ts';

/** Bundles on a shelf. */
export class ShelfContent implements Content {
  readonly #shelf: BundleShelf;
  readonly #root: OpenRoot;

  constructor(shelf: BundleShelf) {
    this.#shelf = shelf;
    this.#root = new OpenRoot(shelf.folder);
  }

  async open(path: RepositoryPath): Promise<ServedContent | undefined> {
    if (path.kind !== 'bundle' || !this.#shelf.has(path)) return undefined;
    const name = `${path.from}-${path.to}`;
    const file = this.#root.open(name);
    if (!file) return undefined;
    this.#shelf.used(path);
    // Two makers may have made different bundles of one name: the tag must not be the name alone.
    return servedFile(file, `${name}-${file.stat.size}-${file.stat.mtimeNs}`);
  }
}

/** The first of several that has it; a bundle that none has is asked for in the workshop. */
export class OnDemandContent implements Content {
  readonly #contents: readonly Content[];
  readonly #workshop: BundleWorkshop;

  constructor(contents: readonly Content[], workshop: BundleWorkshop) {
    this.#contents = contents;
    this.#workshop = workshop;
  }

  async open(path: RepositoryPath): Promise<ServedContent | undefined> {
    for (const content of this.#contents) {
      const found = await content.open(path);
      if (found) return found;
    }
    return undefined;
  }

  comingInSeconds(path: RepositoryPath): number | undefined {
    return path.kind === 'bundle' ? this.#workshop.ask(path) : undefined;
  }
}
