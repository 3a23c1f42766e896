/**
 * Blobs on their way into a repository. They are written to a folder beside `blobs/`, then one sync puts all of them on
 * disk, and only then they get their names: so a name in `blobs/` always stands for whole content, also after a power cut.
 */
import { createHash } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { chmod, constants, copyFile, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import { makeFolder, syncFolder } from '../sys/durable.ts';
import { syncFileSystem } from '../sys/libc.ts';

const PREFIX = '.incoming-';
const RENAMES_PER_TURN = 256;
const READ_BYTES = 1 << 20;
const SHA256 = /^[0-9a-f]{64}$/;

export class BlobBatch {
  /** Whole files in here that are named by their hash become blobs; for writers that cannot call `add…`. */
  readonly folder: string;
  readonly #blobs: string;

  private constructor(folder: string, blobs: string) {
    this.folder = folder;
    this.#blobs = blobs;
  }

  static async open(root: string, blobs: string): Promise<BlobBatch> {
    await makeFolder(blobs);
    return new BlobBatch(await mkdtemp(join(root, PREFIX)), blobs);
  }

  async addBytes(bytes: Uint8Array): Promise<BlobRef> {
    const ref = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
    if (!(await this.#isThere(ref))) await writeFile(join(this.folder, ref.sha256), bytes, { mode: 0o644 });
    return ref;
  }

  /** The copy is what gets hashed, so nothing can change between. @throws RippleError `IoError` naming the file */
  async addFile(path: string | Buffer, ref: BlobRef): Promise<void> {
    if (await this.#isThere(ref)) return;
    const copy = join(this.folder, `copy-of-${ref.sha256}`);
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
    await chmod(copy, 0o644);
    const found = await hashFile(copy);
    if (found.sha256 !== ref.sha256 || found.sizeBytes !== ref.sizeBytes)
      throw new RippleError(
        'IoError',
        `${path.toString()} is not what it was when it was hashed; leave it alone and try again`,
      );
    await rename(copy, join(this.folder, ref.sha256));
  }

  async #isThere(ref: BlobRef): Promise<boolean> {
    for (const folder of [this.#blobs, this.folder]) {
      const found = await stat(join(folder, ref.sha256)).catch(() => undefined);
      if (found?.size === ref.sizeBytes) return true;
    }
    return false;
  }

  /** What came in, and was not there before, is on disk and in `blobs/` when this resolves. */
  async commit(): Promise<BlobRef[]> {
    const added: BlobRef[] = [];
    for (const sha256 of await readdir(this.folder))
      if (SHA256.test(sha256)) added.push({ sha256, sizeBytes: statSync(join(this.folder, sha256)).size });
    if (added.length === 0) return added;
    await syncFileSystem(this.folder);
    // Synchronous calls take a fifth of the time here; other work gets its turn in between.
    for (const [i, { sha256 }] of added.entries()) {
      renameSync(join(this.folder, sha256), join(this.#blobs, sha256));
      if (i % RENAMES_PER_TURN === 0) await setImmediate();
    }
    await syncFolder(this.#blobs);
    return added;
  }

  /** Removes what was not committed. */
  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Removes what a crash left. Only for who holds the repository's lock. */
  static async discardAll(root: string): Promise<void> {
    for (const name of await readdir(root))
      if (name.startsWith(PREFIX)) await rm(join(root, name), { recursive: true, force: true });
  }
}

async function hashFile(path: string): Promise<BlobRef> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, sizeBytes);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}
