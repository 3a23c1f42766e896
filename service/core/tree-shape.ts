/** What a list of entries must be before anything is written by it (rule 6 of the trust rules: paths stay inside). */
import { RippleError } from '../api/errors.ts';
import type { Entry, FileEntry } from './entry.ts';
import { sameMetadata } from './plan.ts';

/**
 * Throws `InvalidArgument` unless the list begins with the folder `.`, every path is `./` and plain names, none comes
 * twice, and each stands in a folder that was listed before it. So no entry can be created through a symbolic link. A
 * later name of a hard-linked file must agree with the first one in everything, for both are one inode.
 */
export function assertTreeShape(entries: readonly Entry[]): void {
  const [root] = entries;
  if (root?.path !== '.' || root.type !== 'dir') throw bad('.', 'the first entry is not the folder "."');
  const folders = new Set<string>(['.']);
  const seen = new Set<string>(['.']);
  const files = new Map<string, FileEntry>();
  for (const [index, entry] of entries.entries()) {
    if (index === 0) continue;
    const { path } = entry;
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === '' || name === '.' || name === '..' || name.includes('\0')) throw bad(path, 'not a plain name');
    if (!folders.has(path.slice(0, slash))) throw bad(path, 'its folder is not listed before it');
    if (seen.has(path)) throw bad(path, 'listed twice');
    seen.add(path);
    if (entry.type === 'dir') folders.add(path);
    if (entry.type !== 'file') continue;
    if (entry.hardLinkOf === undefined) files.set(path, entry);
    else if (!oneInode(files.get(entry.hardLinkOf), entry))
      throw bad(path, 'does not agree with the file it is linked to');
  }
}

function oneInode(first: FileEntry | undefined, later: FileEntry): boolean {
  return first?.sha256 === later.sha256 && first.sizeBytes === later.sizeBytes && sameMetadata(first, later);
}

function bad(path: string, why: string): RippleError {
  return new RippleError('InvalidArgument', `manifest entry ${JSON.stringify(path)}: ${why}`);
}
