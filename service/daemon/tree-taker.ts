/**
 * What is missing of a version, from the tree of it that an rsync server offers. rsync writes into a folder of its own and
 * nothing of it is believed: a file counts once its content has the hash that the manifest says, and then it is a blob like any
 * other. Modes, owners, times, attributes and links of the new tree come from the manifest alone.
 */
import { chmodSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asRippleError, NoSpaceError, RippleError } from '../api/errors.ts';
import type { ByteString, FileEntry } from '../core/entry.ts';
import type { BlobRef, Clock, Logger } from '../core/ports.ts';
import { asSourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { diskPath, lstatIfThere } from '../deploy/disk-path.ts';
import { type Deployment, deploymentName, type Layout } from '../deploy/layout.ts';
import type { RsyncSource, TreeWish } from '../fetch/rsync-source.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { RESERVE_BYTES, roomBytes } from '../sys/disk-room.ts';

export interface TreeTakerOptions {
  readonly layout: Layout;
  readonly cache: BlobCache;
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TreeTake {
  readonly target: Deployment;
  /** A file of the new tree with each missing content. */
  readonly wishes: readonly TreeWish[];
  /** The tree that runs, and its file that a content is most likely made from. */
  readonly base: { readonly root: string; readonly fileFor: (ref: BlobRef) => FileEntry | undefined } | undefined;
  readonly trees: readonly RsyncSource[];
  readonly onProgress: (doneBytes: number, bySource: Readonly<Record<string, number>>) => void;
  readonly signal: AbortSignal;
}

export interface TakenTree {
  readonly files: number;
  readonly bytesBySource: Readonly<Record<string, number>>;
}

/** May be read by everybody, and runs as nobody else. */
const READ_BY_OTHERS = 0o004;
const SPECIAL_BITS = 0o7000;

export class TreeTaker {
  readonly #options: TreeTakerOptions;
  constructor(options: TreeTakerOptions) {
    this.#options = options;
  }

  /** Never fails but by `signal` and for lack of room. The files that came right are in the cache. */
  async take(take: TreeTake): Promise<TakenTree> {
    const { layout, logger } = this.#options;
    const got = new Map<string, number>();
    let files = 0;
    let bytes = 0;
    try {
      for (const tree of take.trees) {
        const wishes = take.wishes.filter(({ ref }) => !this.#options.cache.has(ref));
        if (wishes.length === 0) break;
        requireRoom(layout.sysroot, wishes);
        const came = await this.#from(tree, { ...take, wishes }, (more) => {
          bytes += more;
          got.set(tree.id, (got.get(tree.id) ?? 0) + more);
          take.onProgress(bytes, Object.fromEntries(got));
        });
        if (came > 0) logger.info('took files of a tree', { from: tree.id, files: came, bytes: got.get(tree.id) ?? 0 });
        files += came;
      }
    } finally {
      rmSync(layout.rsync, { recursive: true, force: true });
    }
    return { files, bytesBySource: Object.fromEntries(got) };
  }

  async #from(tree: RsyncSource, take: TreeTake, onBytes: (bytes: number) => void): Promise<number> {
    const { ledger, clock, logger } = this.#options;
    let files = 0;
    let wrong = 0;
    try {
      await tree.readTree({
        tree: deploymentName(take.target),
        wishes: take.wishes,
        ...this.#basis(take),
        onBytes,
        signal: take.signal,
        took: async (wish, pieces) => {
          if (await this.#keep(wish.ref, pieces)) files += 1;
          else wrong += 1;
        },
      });
      if (wrong > 0) {
        ledger.failed(tree, 'lied', clock.monotonicMs());
        logger.warn('source', { id: tree.id, banned: true, message: `${wrong} files have other content` });
      } else ledger.gave(tree.id);
    } catch (thrown) {
      take.signal.throwIfAborted();
      if (asRippleError(thrown).code === 'NoSpace') throw thrown;
      const error = asSourceError(thrown, tree.id);
      ledger.failed(tree, error.reason, clock.monotonicMs(), error.retryAfterMs);
      logger.warn('source', { id: tree.id, banned: error.reason === 'lied', message: error.message });
    }
    return files;
  }

  async #keep(ref: BlobRef, pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
    const { cache } = this.#options;
    // Of what came otherwise nobody knows whether its beginning is right.
    cache.drop(ref.sha256);
    const writer = await cache.openPart(ref);
    try {
      for await (const piece of pieces) writer.append(piece);
      writer.finish();
      return true;
    } catch (error) {
      writer.close();
      cache.drop(ref.sha256);
      if (error instanceof RippleError && error.code === 'HashMismatch') return false;
      throw error;
    }
  }

  /** Old files under the new names: links that nobody may write through, of what everybody may read anyway. */
  #basis({ base, wishes }: TreeTake): { readonly basis?: string } {
    if (!base) return {};
    const basis = join(this.#options.layout.rsync, 'basis');
    rmSync(basis, { recursive: true, force: true });
    let links = 0;
    for (const { path, ref } of wishes) {
      const old = base.fileFor(ref);
      if (old && offer(base.root, old, basis, path)) links += 1;
    }
    return links > 0 ? { basis } : {};
  }
}

function offer(root: string, old: FileEntry, basis: string, path: ByteString): boolean {
  const from = diskPath(root, old.path);
  const stat = lstatIfThere(from);
  const mode = Number((stat?.mode ?? 0n) & 0o7777n);
  if (!stat?.isFile() || (mode & READ_BY_OTHERS) === 0 || (mode & SPECIAL_BITS) !== 0) return false;
  const to = diskPath(basis, path);
  try {
    for (const folder of [dirname(basis), basis]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o711);
    }
    mkdirSync(typeof to === 'string' ? dirname(to) : Buffer.from(dirname(to.toString('latin1')), 'latin1'), {
      recursive: true,
      mode: 0o755,
    });
    linkSync(from, to);
    return true;
  } catch {
    // Another subvolume, say. Then all of the file comes.
    return false;
  }
}

/** Twice: as rsync wrote it, and in the cache; each file goes when it was looked at, but none before all came. */
function requireRoom(sysroot: string, wishes: readonly TreeWish[]): void {
  const bytes = wishes.reduce((sum, { ref }) => sum + ref.sizeBytes, 0) * 2;
  const room = roomBytes(sysroot);
  if (bytes > room) throw new NoSpaceError(sysroot, bytes + RESERVE_BYTES, room + RESERVE_BYTES);
}
