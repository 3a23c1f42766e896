/**
 * The laptop's own /etc lies over the version's as the upper layer of an overlay (kernel: filesystems/overlayfs): what the
 * laptop changed wins, for ever. So when a new version changes a file that the laptop has changed too, nobody would see
 * the new one. Here such files are found; nothing is changed.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** More is no /etc. */
const MAX_ENTRIES = 20_000;
/** Beyond it, size and time stand for the content. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

export interface EtcLayers {
  /** What the laptop changed. */
  readonly own: string;
  /** `/etc` of the version that ran before. */
  readonly before: string;
  /** `/etc` of the version that runs. */
  readonly after: string;
}

/** Paths below /etc, sorted, that the laptop and the new version both changed, each its own way. */
export function bothChanged({ own, before, after }: EtcLayers): string[] {
  return ownFiles(own).filter((path) => {
    const now = stateOf(join(after, path));
    return stateOf(join(before, path)) !== now && stateOf(join(own, path)) !== now;
  });
}

/** The laptop's own copy is still there and still says something else than the version's. */
export function stillDiffers(layers: Pick<EtcLayers, 'own' | 'after'>, path: string): boolean {
  const own = join(layers.own, path);
  return lstatSync(own, { throwIfNoEntry: false }) !== undefined && stateOf(own) !== stateOf(join(layers.after, path));
}

/** Everything in the upper layer but folders, which are merged. */
function ownFiles(own: string): string[] {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && found.length < MAX_ENTRIES; folder = folders.pop()) {
    for (const item of entriesOf(join(own, folder))) {
      const path = join(folder, item.name);
      if (item.isDirectory()) folders.push(path);
      else found.push(path);
    }
  }
  return found.sort();
}

function entriesOf(folder: string): ReturnType<typeof readFolder> {
  try {
    return readFolder(folder);
  } catch {
    return [];
  }
}

function readFolder(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

/** What is there, in a form that can be compared. A character device 0:0 is how an overlay says "removed". */
function stateOf(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || (found.isCharacterDevice() && found.rdev === 0)) return 'nothing';
  const rights = `${(found.mode & 0o7777).toString(8)} ${found.uid}:${found.gid}`;
  if (found.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  if (found.isDirectory()) return `folder ${rights}`;
  if (!found.isFile()) return `other ${rights} ${found.rdev}`;
  const content =
    found.size > MAX_HASHED_BYTES
      ? `${found.size} ${found.mtimeMs}`
      : createHash('sha256').update(readFileSync(path)).digest('hex');
  return `file ${rights} ${content}`;
}
