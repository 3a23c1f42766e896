/** Writing so that a power cut leaves the old or the new, never something between. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Makes the names in a folder, as they are now, outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `mkdir -p` whose every new folder outlives a power cut. */
export async function makeFolder(folder: string, mode = 0o755): Promise<void> {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
  // One by one: Node's own recursion never ends where a folder that is there says that it is not, as /proc does.
  for (const one of missing) {
    await mkdir(one, { mode }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(one));
  }
}

/** Replaces or makes the file `path`. When this resolves, the bytes and the name are on disk. */
export async function writeDurably(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** What `writeDurablySync` writes beside the file it replaces; a power cut may leave it. */
export const UNFINISHED = '.new';

/**
 * Writes `bytes` to `path` so that after a power cut the old content or the new one is there, and on disk when it returns
 * (write beside, fsync, rename, fsync the folder). Equal content is not written again.
 */
export function writeDurablySync(path: string, bytes: Uint8Array, mode = 0o600): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = `${path}${UNFINISHED}`;
  const fd = openSync(fresh, 'w', mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
