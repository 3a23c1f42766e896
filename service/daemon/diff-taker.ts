/**
 * Single files made from old ones by differences (`blobs/A-B`) that a repository has. Each is advice: whatever goes wrong with
 * one, its file comes as a whole blob afterwards.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { FileEntry } from '../core/entry.ts';
import type { Clock, Logger, OpenedBundle, Sha256, Source } from '../core/ports.ts';
import { asSourceError, SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { DiffWish } from '../core/way.ts';
import { DiffApplier } from '../delta/apply.ts';
import type { Layout } from '../deploy/layout.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { writeAll } from '../store/whole-file.ts';

export interface DiffTakerOptions {
  readonly layout: Layout;
  readonly cache: BlobCache;
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DiffsWish {
  readonly wishes: readonly DiffWish[];
  /** Root of the deployment that they start from, and a file of it with each content. */
  readonly tree: string;
  readonly fileWith: (sha256: Sha256) => FileEntry | undefined;
  readonly sources: () => readonly Source[];
  readonly onProgress: (doneBytes: number, bySource: Readonly<Record<string, number>>) => void;
  readonly signal: AbortSignal;
}

export interface TakenDiffs {
  readonly made: number;
  readonly bytes: number;
  readonly bytesBySource: Readonly<Record<string, number>>;
}

/** A source that lacks so many in a row has none for this version. */
const MOST_MISSES = 4;

export class DiffTaker {
  readonly #options: DiffTakerOptions;
  constructor(options: DiffTakerOptions) {
    this.#options = options;
  }

  /** Never fails but by `signal`. The files that could be made are in the cache. */
  async take(wish: DiffsWish): Promise<TakenDiffs> {
    const { layout, logger } = this.#options;
    const folder = join(layout.unpacked, 'diffs');
    const applier = new DiffApplier();
    const misses = new Map<string, number>();
    const got = new Map<string, number>();
    let made = 0;
    let bytes = 0;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      for (const { from, to } of wish.wishes) {
        for (const source of wish.sources()) {
          if (source.kind === 'peer' || (misses.get(source.id) ?? 0) >= MOST_MISSES) continue;
          const came = await this.#one(source, { from, to }, wish, folder, applier);
          misses.set(source.id, came === undefined ? (misses.get(source.id) ?? 0) + 1 : 0);
          if (!came) continue;
          made += 1;
          bytes += came;
          got.set(source.id, (got.get(source.id) ?? 0) + came);
          wish.onProgress(bytes, Object.fromEntries(got));
          break;
        }
      }
    } catch (error) {
      wish.signal.throwIfAborted();
      logger.warn('no more differences: taking whole files', { message: asRippleError(error).message });
    } finally {
      await applier.close();
      rmSync(layout.unpacked, { recursive: true, force: true });
    }
    return { made, bytes, bytesBySource: Object.fromEntries(got) };
  }

  /** Bytes that came; 0: it was of no use; `undefined`: the source has none. */
  async #one(
    source: Source,
    { from, to }: DiffWish,
    wish: DiffsWish,
    folder: string,
    applier: DiffApplier,
  ): Promise<number | undefined> {
    const { cache, ledger, clock, logger } = this.#options;
    const file = wish.fileWith(from);
    if (!file) return 0;
    const oldPath = Buffer.concat([Buffer.from(wish.tree), Buffer.from(file.path.slice(1), 'latin1')]);
    const [diffPath, newPath] = [join(folder, 'diff'), join(folder, 'new')];
    try {
      const opened = await source.openDiff?.({ from, to: to.sha256 }, 0, wish.signal);
      if (!opened) return undefined;
      const bytes = await receive(opened, diffPath, to.sizeBytes);
      if (bytes === undefined) return 0;
      await applier
        .apply({ oldPath, diffPath, target: { path: newPath }, expected: to, signal: wish.signal })
        .catch((error: unknown) => {
          throw blame(asRippleError(error), source, oldPath, from);
        });
      cache.adopt(to, newPath);
      return bytes;
    } catch (thrown) {
      wish.signal.throwIfAborted();
      if (thrown instanceof RippleError && !(thrown instanceof SourceError)) throw thrown;
      const error = asSourceError(thrown, source.id);
      if (error.reason !== 'busy') ledger.failed(source, error.reason, clock.monotonicMs(), error.retryAfterMs);
      logger.warn('source', { id: source.id, banned: error.reason === 'lied', message: error.message });
      // Whoever is busy or gone is as good as without.
      return error.reason === 'lied' ? 0 : undefined;
    } finally {
      rmSync(diffPath, { force: true });
    }
  }
}

/** Its length; `undefined` for one that is longer than the file itself, which is then not read. */
async function receive(opened: OpenedBundle, path: string, maxBytes: number): Promise<number | undefined> {
  try {
    if (opened.sizeBytes >= maxBytes) return undefined;
    const fd = openSync(path, 'w', 0o600);
    try {
      for await (const chunk of opened.chunks) writeAll(fd, chunk);
    } finally {
      closeSync(fd);
    }
    return opened.sizeBytes;
  } finally {
    opened.close();
  }
}

/** A diff that makes something else is its giver's fault, unless the old file here is not what it should be. */
function blame(error: RippleError, source: Source, oldPath: Buffer, from: Sha256): RippleError {
  if (error.code !== 'HashMismatch' && error.code !== 'InvalidArgument') return error;
  if (createHash('sha256').update(readFileSync(oldPath)).digest('hex') !== from)
    return new RippleError('IoError', `${oldPath} is not what the manifest says; repair it: ripple repair`);
  return new SourceError('lied', source.id, `gave a wrong difference: ${error.message}`);
}
