/** Fetches many blobs from many sources at once, down to the last source, and goes on where an earlier run stopped. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { BlobRef, Clock, Source } from '../core/ports.ts';
import type { SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { buffersSpent } from '../sys/spent-buffers.ts';
import { BlobQueue } from './blob-queue.ts';
import { FetchCount, type FetchProgress, type FetchResult } from './fetch-count.ts';
import type { PieceMaps } from './piece-maps.ts';
import { prepare } from './prepare.ts';
import { SourceTable } from './source-table.ts';
import { transfer, type WantedBlob } from './transfer.ts';

export type { FetchProgress, FetchResult } from './fetch-count.ts';

export interface FetchOptions {
  /** Asked again all the time: neighbours come and go. Ids are unique. */
  readonly sources: () => readonly Source[];
  /** And those that have only a part so far. */
  readonly partners?: PieceMaps;
  readonly cache: BlobCache;
  /** Outlives the call, so that a liar stays out. */
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** At most ten times a second, and once at the end. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** `banned`: it lied and is not asked again (a neighbour: today). A blob that is merely missing is no error. */
  readonly onSourceError?: (source: Source, error: SourceError, banned: boolean) => void;
  /** Requests out at one source. Default 4. */
  readonly concurrencyPerSource?: number;
  /** Requests out in all. Default 16. */
  readonly maxInFlight?: number;
  /** A source that failed so often in a row is not asked again in this call. Default 4. */
  readonly maxFailures?: number;
  /** Gives up when nothing came from anybody for so long, e.g. because all stay busy. Default 5 minutes. */
  readonly patienceMs?: number;
}

/** Some blobs are nowhere to be had. What came is kept in the cache. */
export class BlobsMissingError extends RippleError {
  readonly missing: number;
  constructor(missing: number, total: number, sources: number, last: SourceError | undefined) {
    const where = sources === 0 ? 'and there is no source left' : `at any of ${sources} sources`;
    const why = last ? `; last trouble: ${last.message}` : '';
    super('NoSource', `${missing} of ${total} blobs could not be had ${where}${why}`);
    this.missing = missing;
  }
}

const TICK_MS = 250;
/** A blob goes from one slow source to the next only so often, and not before the rate is known. */
const MAX_STEALS = 3;
const STEAL_AFTER_MS = 3000;
/** Longest stretch of work before the rest of the process gets its turn. */
const TURN_MS = 10;

interface Running {
  readonly source: Source;
  readonly blob: WantedBlob;
  readonly abort: AbortController;
  readonly startedMs: number;
  bytes: number;
  stolen: boolean;
}

/**
 * Puts every wanted blob into the cache, whole and checked. Rejects with `BlobsMissingError`, `Cancelled`, or what the
 * disk says (`NoSpace`, `IoError`); what came so far stays in the cache in each case.
 */
export async function fetchBlobs(wanted: readonly BlobRef[], options: FetchOptions): Promise<FetchResult> {
  const count = new FetchCount(options.clock, options.onProgress);
  const left = await prepare(wanted, options.cache, count, options.signal);
  if (left.length > 0) await options.partners?.begin();
  if (left.length > 0) await new Swarm(left, count, options).run();
  return count.result();
}

class Swarm {
  readonly #options: FetchOptions;
  readonly #count: FetchCount;
  readonly #queue: BlobQueue;
  readonly #table: SourceTable;
  readonly #running = new Set<Running>();
  #lastTrouble: SourceError | undefined;
  #heardMs: number;
  #turnMs = performance.now();
  #end: { readonly error: unknown } | undefined;
  #settle: () => void = () => {};

  constructor(refs: readonly BlobRef[], count: FetchCount, options: FetchOptions) {
    const { ledger, clock, partners, concurrencyPerSource = 4, maxFailures = 4 } = options;
    this.#options = options;
    this.#count = count;
    this.#queue = new BlobQueue(refs, partners !== undefined);
    this.#table = new SourceTable({ ledger, clock, perSource: concurrencyPerSource, maxFailures, partners });
    this.#heardMs = clock.monotonicMs();
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const onAbort = () => this.#stop(new RippleError('Cancelled', 'stopped'));
    const timer = setInterval(() => this.#tick(), TICK_MS);
    signal?.addEventListener('abort', onAbort);
    try {
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        if (signal?.aborted) onAbort();
        this.#tick();
      });
    } finally {
      clearInterval(timer);
      this.#options.partners?.stop();
      signal?.removeEventListener('abort', onAbort);
    }
    if (this.#end) throw asRippleError(this.#end.error);
  }

  /** The first reason stands; running transfers are cut, and `run` ends when they are gone. */
  #stop(error: unknown): void {
    this.#end ??= { error };
    for (const running of this.#running) running.abort.abort();
    if (this.#running.size === 0) this.#settle();
  }

  #tick(): void {
    try {
      const { sources, partners } = this.#options;
      this.#table.refresh(sources(), partners?.refresh() ?? []);
      this.#pump();
      if (this.#end || this.#queue.length > 0) return;
      for (const running of this.#running) this.#stealFrom(running);
    } catch (error) {
      this.#stop(error);
    }
  }

  #pump(): void {
    if (!this.#end) this.#assign();
    if (this.#running.size > 0) return;
    if (this.#end || this.#queue.length === 0) this.#settle();
    else if (!this.#hope()) {
      const { totalBlobs } = this.#count;
      this.#stop(new BlobsMissingError(this.#queue.length, totalBlobs, this.#table.size, this.#lastTrouble));
    }
  }

  #assign(): void {
    const { maxInFlight = 16, clock } = this.#options;
    const starvedMs = clock.monotonicMs() - this.#heardMs;
    while (this.#running.size < maxInFlight && this.#queue.length > 0) {
      const views = this.#table.views();
      const taken =
        views && this.#queue.take((blob) => this.#table.choose(views, blob, starvedMs), this.#running.size === 0);
      if (!taken) return;
      void this.#transfer(...taken);
    }
  }

  async #transfer(blob: WantedBlob, source: Source): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    const running: Running = { source, blob, abort: new AbortController(), startedMs, bytes: 0, stolen: false };
    this.#running.add(running);
    this.#table.began(source.id);
    try {
      const result = await transfer(source, blob, {
        cache: this.#options.cache,
        signal: running.abort.signal,
        received: (bytes) => this.#received(running, bytes),
        kept: (bytes) => this.#count.kept(bytes),
        resumed: (bytes) => this.#count.resumed(bytes),
        breathe: () => this.#breathe(),
      });
      this.#count.request();
      if (result.kind === 'done') {
        this.#table.gave(source.id);
        this.#options.partners?.got(blob.ref.sha256);
        this.#count.blobDone();
      } else {
        // Nobody is thanked for bytes that were thrown away.
        if (result.kind === 'failed' && result.error.reason === 'lied') this.#count.takenBack(source.id, running.bytes);
        if (result.kind === 'failed' && !this.#end) this.#sourceFailed(running, result.error);
        this.#queue.putBack(blob);
      }
    } catch (error) {
      this.#queue.putBack(blob);
      if (!running.stolen) this.#stop(error);
    } finally {
      this.#running.delete(running);
      this.#table.ended(source.id);
    }
    await this.#breathe();
    this.#pump();
  }

  #received(running: Running, bytes: number): void {
    const { id } = running.source;
    running.bytes += bytes;
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#table.received(id, bytes);
    this.#count.received(id, bytes);
    buffersSpent(bytes);
  }

  #sourceFailed({ source, blob, stolen }: Running, error: SourceError): void {
    if (stolen) {
      blob.slowAt.add(source.id);
      return;
    }
    if (error.reason === 'missing') this.#table.missed(source.id, blob);
    if (!this.#table.failed(source, error)) return;
    this.#lastTrouble = error;
    this.#options.onSourceError?.(source, error, error.reason === 'lied');
  }

  /** Whether waiting can help: some source is left that did not say that it lacks what is wanted. */
  #hope(): boolean {
    const { clock, patienceMs = 300_000 } = this.#options;
    return clock.monotonicMs() - this.#heardMs <= patienceMs && this.#queue.some((blob) => this.#table.mayHave(blob));
  }

  /** Gives the rest of a blob to another source when this one crawls. */
  #stealFrom(running: Running): void {
    const { source, blob } = running;
    const ms = this.#options.clock.monotonicMs() - running.startedMs;
    if (running.stolen || ms < STEAL_AFTER_MS || blob.alone || blob.slowAt.size >= MAX_STEALS) return;
    const remaining = blob.ref.sizeBytes - this.#options.cache.partBytes(blob.ref.sha256);
    if (!this.#table.isOutrun(source.id, blob, remaining, (running.bytes * 1000) / ms)) return;
    running.stolen = true;
    running.abort.abort();
  }

  #breathe(): Promise<void> | undefined {
    if (performance.now() - this.#turnMs < TURN_MS) return undefined;
    return nextTurn().then(() => {
      this.#turnMs = performance.now();
    });
  }
}
