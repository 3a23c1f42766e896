/** A repository folder (DESIGN section 3) as content: what `ripple serve` and a school server give out. */
import { fannedBlobPath, formatRepositoryPath, isDocument, type RepositoryPath } from '../core/repository-path.ts';
import type { Content, ServedContent } from './content.ts';
import { OpenRoot } from './open-beneath.ts';
import { servedDocument, servedFile } from './served-file.ts';

export class FolderContent implements Content {
  readonly #root: OpenRoot;

  /** Throws `IoError` when `folder` is not there. */
  constructor(folder: string) {
    this.#root = new OpenRoot(folder);
  }

  async open(path: RepositoryPath): Promise<ServedContent | undefined> {
    const relative = formatRepositoryPath(path);
    if (isDocument(path)) return servedDocument(this.#root, relative);
    if (path.kind === 'blob') {
      const blob = this.#root.open(relative) ?? this.#root.open(fannedBlobPath(path.sha256));
      return blob && servedFile(blob, path.sha256);
    }
    const file = this.#root.open(relative);
    if (!file) return undefined;
    // Two servers may have made different diffs of one name: a tag of the name alone would mix them on a resume.
    return servedFile(file, `${relative.slice(relative.indexOf('/') + 1)}-${file.stat.size}-${file.stat.mtimeNs}`);
  }
}
