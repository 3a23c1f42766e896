/**
 * From a neighbour's or server's bundle to blobs in the cache. A bundle is a short cut, never needed: whatever goes wrong
 * here, the blobs are fetched one by one afterwards. Nothing of it is used before the manifest came out as signed.
 */
import { randomInt } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RippleError } from '../api/errors.ts';
import type { BlobRef, BundleName, Clock, Logger, Source } from '../core/ports.ts';
import { asSourceError, SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { Layout } from '../deploy/layout.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { writeAll } from '../store/whole-file.ts';
import type { UnbundleJob, UnbundleReply } from './bundle-worker.ts';

export interface BundleTakerOptions {
  readonly layout: Layout;
  readonly cache: BlobCache;
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BundleWish {
  readonly name: BundleName;
  /** The deployment that it starts from: its root, and its manifest's file. */
  readonly tree: string;
  readonly manifestA: string;
  readonly manifest: BlobRef;
  /** A longer one is not worth it: `onTooLong` hears of it. */
  readonly maxBytes: number;
  readonly onTooLong?: () => void;
  /** Content bytes that may come out of it. */
  readonly maxNewBytes: number;
  readonly sources: () => readonly Source[];
  readonly onProgress: (doneBytes: number, totalBytes: number, bytesBySource: Readonly<Record<string, number>>) => void;
  readonly signal: AbortSignal;
}

export interface TakenBundle {
  readonly bytes: number;
  readonly bytesBySource: Readonly<Record<string, number>>;
}

/** Neighbours that are asked for one bundle; servers are asked besides. */
const MOST_PEERS = 8;
/** While somebody who has it is busy. */
const PATIENCE_MS = 60_000;
const WAIT_MS = 2_000;
/** To ask how long a bundle is: only shown, so it must not hold up the look around. */
const SIZE_MS = 5_000;
/** After so many sources that did not answer or broke the swarm, which asks many at once, is quicker. */
const MOST_TROUBLES = 3;
const PROGRESS_MS = 100;

/** `worker.js` beside this file, once compiled. */
const WORKER = new URL('./bundle-worker.js', import.meta.url);

export class BundleTaker {
  readonly #options: BundleTakerOptions;
  constructor(options: BundleTakerOptions) {
    this.#options = options;
  }

  /** What the first who has it says; `undefined`: nobody has it. */
  async size(name: BundleName, sources: readonly Source[], signal: AbortSignal): Promise<number | undefined> {
    const asking = AbortSignal.any([signal, AbortSignal.timeout(SIZE_MS)]);
    for (const source of someOf(sources)) {
      if (asking.aborted) break;
      const bytes = await source.bundleSize?.(name, asking).catch(() => undefined);
      signal.throwIfAborted();
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  /** The contents and the manifest are in the cache afterwards; `undefined`: there was no bundle that worked. */
  async take(wish: BundleWish): Promise<TakenBundle | undefined> {
    const { logger } = this.#options;
    const got = new Map<string, number>();
    try {
      const bytes = await this.#take(wish, got);
      return bytes === undefined ? undefined : { bytes, bytesBySource: Object.fromEntries(got) };
    } catch (error) {
      wish.signal.throwIfAborted();
      logger.warn('no bundle: taking whole files', { message: error instanceof Error ? error.message : '' });
      return undefined;
    } finally {
      rmSync(this.#options.layout.unpacked, { recursive: true, force: true });
    }
  }

  async #take(wish: BundleWish, got: Map<string, number>): Promise<number | undefined> {
    const { layout, ledger, clock } = this.#options;
    const { name, signal } = wish;
    const part = `${layout.bundle(name)}.part`;
    this.#makeReady(name, part);
    // Once bytes of several givers came out wrong, only whole ones are taken, so that whoever lies is found.
    let alone = false;
    const givers = new Set<string>(existsSync(part) ? [''] : []);
    const started = clock.monotonicMs();
    const refused = new Set<string>();
    let troubles = 0;
    for (;;) {
      let busy = false;
      for (const source of someOf(wish.sources())) {
        if (refused.has(source.id)) continue;
        if (alone) {
          rmSync(part, { force: true });
          givers.clear();
        }
        try {
          const sizeBytes = await this.#receive(source, wish, part, givers, got);
          if (sizeBytes === undefined) {
            refused.add(source.id);
            continue;
          }
          if (await this.#unbundle(wish, part)) {
            wish.onProgress(sizeBytes, sizeBytes, Object.fromEntries(got));
            return sizeBytes;
          }
          if (givers.size > 1) {
            alone = true;
            busy = true;
          } else throw new SourceError('lied', source.id, 'gave a bundle that came out wrong');
        } catch (thrown) {
          signal.throwIfAborted();
          if (thrown instanceof RippleError && !(thrown instanceof SourceError)) throw thrown;
          const error = asSourceError(thrown, source.id);
          if (error.reason === 'busy') busy = true;
          else refused.add(source.id);
          if (error.reason === 'lied') {
            rmSync(part, { force: true });
            got.delete(source.id);
          }
          if (error.reason !== 'busy') troubles += 1;
          ledger.failed(source, error.reason, clock.monotonicMs(), error.retryAfterMs);
          const banned = error.reason === 'lied';
          this.#options.logger.warn('source', { id: source.id, banned, message: error.message });
          if (troubles >= MOST_TROUBLES) return undefined;
        }
      }
      if (!busy || clock.monotonicMs() - started > PATIENCE_MS) return undefined;
      await sleep(alone ? 0 : WAIT_MS, undefined, { signal });
    }
  }

  /** The bytes that are missing. `undefined`: the source has none, or one that is too long. */
  async #receive(
    source: Source,
    wish: BundleWish,
    part: string,
    givers: Set<string>,
    got: Map<string, number>,
  ): Promise<number | undefined> {
    const { name, maxBytes, onProgress, signal } = wish;
    const here = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    const opened = await source.openBundle?.(name, here, signal);
    if (!opened) return undefined;
    const { sizeBytes, offset } = opened;
    if (sizeBytes > maxBytes) {
      opened.close();
      wish.onTooLong?.();
      return undefined;
    }
    const fd = openSync(
      part,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      ftruncateSync(fd, offset);
      if (offset === 0) givers.clear();
      let done = offset;
      let toldMs = Number.NEGATIVE_INFINITY;
      for await (const chunk of opened.chunks) {
        givers.add(source.id);
        writeAll(fd, chunk);
        done += chunk.length;
        got.set(source.id, (got.get(source.id) ?? 0) + chunk.length);
        const nowMs = this.#options.clock.monotonicMs();
        if (nowMs - toldMs < PROGRESS_MS && done < sizeBytes) continue;
        toldMs = nowMs;
        // Who gave counts once it came out right.
        onProgress(done, sizeBytes, {});
      }
      // Before it can be given on: after a power cut it must not be taken for whole.
      fsyncSync(fd);
      return sizeBytes;
    } finally {
      closeSync(fd);
      opened.close();
    }
  }

  /** False: the bundle is wrong. Throws when something of this machine is. */
  async #unbundle(wish: BundleWish, part: string): Promise<boolean> {
    const { layout, cache, logger } = this.#options;
    const { tree, manifestA, manifest, maxNewBytes, signal } = wish;
    rmSync(layout.unpacked, { recursive: true, force: true });
    mkdirSync(layout.unpacked, { mode: 0o700 });
    const job = { bundle: part, tree, manifestA, expectedManifest: manifest, maxNewBytes, out: layout.unpacked };
    const reply = await runWorker(job, signal);
    if (reply.kind === 'failed') {
      rmSync(part, { force: true });
      if (reply.blameless) throw new RippleError(reply.code, reply.message);
      logger.warn('a bundle was no good', { message: reply.message });
      return false;
    }
    for (const [number, ref] of reply.contents.entries()) cache.adopt(ref, join(layout.unpacked, `${number}`));
    cache.adopt(manifest, join(layout.unpacked, 'manifest'));
    return true;
  }

  /** One unfinished bundle at a time; one that was kept is as good as one that just came. */
  #makeReady(name: BundleName, part: string): void {
    const { layout } = this.#options;
    mkdirSync(layout.bundles, { recursive: true, mode: 0o700 });
    for (const other of readdirSync(layout.bundles))
      if (other.endsWith('.part') && join(layout.bundles, other) !== part)
        rmSync(join(layout.bundles, other), { force: true });
    if (existsSync(layout.bundle(name))) renameSync(layout.bundle(name), part);
  }

  /** The version is here: from now on its bundle can be given to neighbours, and an older one goes. */
  keep(name: BundleName): void {
    const { layout } = this.#options;
    const path = layout.bundle(name);
    if (!existsSync(`${path}.part`)) return;
    renameSync(`${path}.part`, path);
    keepBundles(layout, (to) => to === name.to);
  }
}

/** Removes the bundles that lead elsewhere. */
export function keepBundles(layout: Layout, wanted: (to: string) => boolean): void {
  if (!existsSync(layout.bundles)) return;
  for (const file of readdirSync(layout.bundles)) {
    const to = /^[0-9a-f]{64}-([0-9a-f]{64})$/.exec(file)?.[1];
    if (to !== undefined && !wanted(to)) rmSync(join(layout.bundles, file), { force: true });
  }
}

/** Peers in fresh turns, not all of a large class; then the others. */
function someOf(sources: readonly Source[]): readonly Source[] {
  const peers = sources.filter(({ kind }) => kind === 'peer');
  const start = peers.length > 1 ? randomInt(peers.length) : 0;
  const turned = [...peers.slice(start), ...peers.slice(0, start)].slice(0, MOST_PEERS);
  return [...turned, ...sources.filter(({ kind }) => kind !== 'peer')];
}

function runWorker(job: UnbundleJob, signal: AbortSignal): Promise<UnbundleReply> {
  const worker = new Worker(WORKER, { workerData: job });
  let onAbort = (): void => {};
  return new Promise<UnbundleReply>((resolve, reject) => {
    onAbort = () => reject(new RippleError('Cancelled', 'stopped'));
    worker.on('message', resolve);
    worker.on('error', (cause) =>
      reject(new RippleError('Internal', 'the thread that unpacks the bundle failed', { cause })),
    );
    worker.on('exit', () => reject(new RippleError('Internal', 'the thread that unpacks the bundle ended by itself')));
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  }).finally(async () => {
    signal.removeEventListener('abort', onAbort);
    await worker.terminate();
  });
}
