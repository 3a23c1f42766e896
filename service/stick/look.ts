/** Is this folder, e.g. where somebody's stick is mounted, a repository of our image? A few names are looked at, nothing is read. */
import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRepositoryPath } from '../core/repository-path.ts';

export type StickLook =
  | { readonly kind: 'none' }
  /** It looks like one, but `name` is a link, which may lead anywhere. */
  | { readonly kind: 'link'; readonly name: string }
  /** Ascending, one at least. */
  | { readonly kind: 'repository'; readonly versions: readonly number[] };

/** Entries of one folder that are looked at: whoever made the stick may have put a million there. */
const MOST_ENTRIES = 4096;

/** Never rejects: what cannot be looked at is none. */
export async function lookAtStick(root: string, image: string): Promise<StickLook> {
  const releases = `images/${image}`;
  for (const name of ['images', releases, 'blobs', 'keyring', 'bundles']) {
    const found = await lookAt(join(root, name));
    if (found?.isSymbolicLink()) return { kind: 'link', name };
    const isNeeded = name !== 'keyring' && name !== 'bundles';
    if (found ? !found.isDirectory() : isNeeded) return { kind: 'none' };
  }
  const versions = await versionsIn(root, releases);
  return versions.length > 0 ? { kind: 'repository', versions } : { kind: 'none' };
}

async function versionsIn(root: string, releases: string): Promise<readonly number[]> {
  const versions: number[] = [];
  try {
    let left = MOST_ENTRIES;
    for await (const { name } of await opendir(join(root, releases))) {
      const path = parseRepositoryPath(`${releases}/${name}`);
      if (path?.kind === 'release') versions.push(path.version);
      if (--left === 0) break;
    }
  } catch {
    return [];
  }
  return versions.sort((a, b) => a - b);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}
