/**
 * From a neighbour's or server's bundle to blobs in the cache, while it comes. A bundle is a short cut, never needed:
 * whatever goes wrong here, what is missing is fetched one by one afterwards.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RippleError } from '../api/errors.ts';
import type { BundleShelf } from '../bundles/shelf.ts';
import type { BlobRef, BundleName, Clock, Logger, Source } from '../core/ports.ts';
import { inTurn } from '../core/source-choice.ts';
import { asSourceError, SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { Layout } from '../deploy/layout.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { BundleTransfer } from './bundle-transfer.ts';

export interface BundleTakerOptions {
  readonly layout: Layout;
  readonly cache: BlobCache;
  readonly shelf: BundleShelf;
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BundleWish {
  readonly name: BundleName;
  /** The deployment that it starts from: its root, and its manifest's file. */
  readonly tree: string;
  /** `tree` is the `blobs` folder of a repository instead. */
  readonly isBlobs?: boolean;
  readonly manifestA: string;
  readonly manifest: BlobRef;
  /** A longer one is not worth it. */
  readonly maxBytes: number;
  /** Content bytes that may come out of it. */
  readonly maxNewBytes: number;
  /** Room that fetching and staging take besides the bundle, as far as that is known. */
  readonly stageBytes: number;
  /** How long to wait for somebody who is busy, perhaps with making it. */
  readonly patienceMs: number;
  readonly sources: () => readonly Source[];
  readonly onProgress: (doneBytes: number, totalBytes: number, bytesBySource: Readonly<Record<string, number>>) => void;
  readonly signal: AbortSignal;
}

export interface TakenBundle {
  /**
   * - `whole`: all of it came out right: the manifest is in the cache, and every content that is new;
   * - `again`: somebody has one, but it is too long for what it seems worth, or was not ready in time;
   * - `none`: nobody has one that is right.
   */
  readonly end: 'whole' | 'again' | 'none';
  readonly bytes: number;
  readonly bytesBySource: Readonly<Record<string, number>>;
  /** What is in the cache now, each under its own hash; of a bundle that was wrong, perhaps nothing that is wanted. */
  readonly contents: readonly BlobRef[];
}

/** Neighbours that are asked for one bundle; servers are asked besides. */
const MOST_PEERS = 8;
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;
/** To ask how long a bundle is: only shown, so it must not hold up the look around. */
const SIZE_MS = 5_000;
/** After so many sources that did not answer or broke the swarm, which asks many at once, is quicker. */
const MOST_TROUBLES = 3;

export class BundleTaker {
  readonly #options: BundleTakerOptions;
  constructor(options: BundleTakerOptions) {
    this.#options = options;
  }

  /** What the first who has it says; `undefined`: nobody has it. */
  async size(name: BundleName, sources: readonly Source[], signal: AbortSignal): Promise<number | undefined> {
    const asking = AbortSignal.any([signal, AbortSignal.timeout(SIZE_MS)]);
    for (const source of this.#someOf(sources)) {
      if (asking.aborted) break;
      const bytes = await source.bundleSize?.(name, asking).catch(() => undefined);
      signal.throwIfAborted();
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  /** Never fails but by `signal`. What came and did not do is kept for the next try, unless it was wrong. */
  async take(wish: BundleWish): Promise<TakenBundle> {
    const { layout, logger } = this.#options;
    this.#makeReady(wish.name);
    const transfer = new BundleTransfer(wish, this.#options);
    let end: TakenBundle['end'] = 'none';
    try {
      end = await this.#take(wish, transfer);
      await transfer.drain();
    } catch (error) {
      wish.signal.throwIfAborted();
      logger.warn('no bundle: taking whole files', { message: error instanceof Error ? error.message : '' });
    } finally {
      await transfer.close();
      rmSync(layout.unpacked, { recursive: true, force: true });
    }
    const { bytes, bytesBySource, contents } = transfer;
    return { end, bytes, bytesBySource, contents };
  }

  async #take(wish: BundleWish, transfer: BundleTransfer): Promise<TakenBundle['end']> {
    const { clock, logger } = this.#options;
    const { signal, patienceMs } = wish;
    // What is here may be all of it.
    if (await transfer.resume()) return 'whole';
    const started = clock.monotonicMs();
    const refused = new Set<string>();
    let troubles = 0;
    let isLong = false;
    for (;;) {
      let waitMs: number | undefined;
      for (const source of this.#someOf(wish.sources())) {
        if (refused.has(source.id)) continue;
        try {
          const end = await transfer.from(source);
          if (end === 'whole') return 'whole';
          if (end === 'long') isLong = true;
          // Several gave and nobody can be blamed: again, all from one.
          if (end === 'mixed') waitMs = 0;
          else refused.add(source.id);
        } catch (thrown) {
          signal.throwIfAborted();
          if (thrown instanceof RippleError && !(thrown instanceof SourceError)) throw thrown;
          const error = asSourceError(thrown, source.id);
          if (error.reason === 'busy') {
            // Of this bundle alone: blobs may be had there meanwhile, so the ledger need not know.
            waitMs = Math.min(waitMs ?? MAX_WAIT_MS, Math.max(MIN_WAIT_MS, error.retryAfterMs));
            continue;
          }
          refused.add(source.id);
          if (error.reason === 'lied') await transfer.forget(source);
          this.#blame(source, error);
          troubles += 1;
          if (troubles >= MOST_TROUBLES) return 'none';
        }
      }
      if (waitMs === undefined) return isLong ? 'again' : 'none';
      if (clock.monotonicMs() - started + waitMs > patienceMs) {
        logger.info('not waiting for a bundle any longer', { to: wish.name.to });
        return 'again';
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  /** Neighbours in turns, not all of a large class; then the others. */
  #someOf(sources: readonly Source[]): readonly Source[] {
    const peers = sources.filter(({ kind }) => kind === 'peer');
    const turned = inTurn(peers, (id) => this.#options.ledger.isProven(id), Math.random());
    return [...turned.slice(0, MOST_PEERS), ...sources.filter(({ kind }) => kind !== 'peer')];
  }

  #blame(source: Source, error: SourceError): void {
    const { ledger, clock, logger } = this.#options;
    ledger.failed(source, error.reason, clock.monotonicMs(), error.retryAfterMs);
    logger.warn('source', { id: source.id, banned: error.reason === 'lied', message: error.message });
  }

  /** One unfinished bundle at a time; one that was kept is as good as one that just came. */
  #makeReady(name: BundleName): void {
    const { layout, shelf } = this.#options;
    mkdirSync(layout.bundles, { recursive: true, mode: 0o700 });
    const part = partOf(layout, name);
    this.#removeParts(part);
    shelf.take(name, part);
  }

  /** The version is here: from now on its bundle can be given to neighbours. Without one: what came of one goes. */
  keep(name: BundleName | undefined): void {
    const { layout, shelf } = this.#options;
    if (name && existsSync(partOf(layout, name))) {
      // Those that lead elsewhere are of no use to neighbours who want this version.
      shelf.prune(({ to }) => to === name.to);
      shelf.put(name, partOf(layout, name), { newest: true });
    }
    this.#removeParts();
  }

  #removeParts(except?: string): void {
    const { bundles } = this.#options.layout;
    for (const file of readdirSync(bundles))
      if (file.endsWith('.part') && join(bundles, file) !== except) rmSync(join(bundles, file), { force: true });
  }
}

export function partOf(layout: Layout, name: BundleName): string {
  return `${layout.bundle(name)}.part`;
}
