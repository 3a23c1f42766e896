/** Fetches many blobs from many sources at once, down to the last source, and goes on where an earlier run stopped. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { BlobRef, Clock, Source } from '../core/ports.ts';
import { chooseSource, type SourceView, worthStealing } from '../core/source-choice.ts';
import type { SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import { BlobQueue } from './blob-queue.ts';
import { FetchCount, type FetchProgress, type FetchResult } from './fetch-count.ts';
import { prepare } from './prepare.ts';
import { SlotEstimate } from './slot-estimate.ts';
import { transfer, type WantedBlob } from './transfer.ts';

export type { FetchProgress, FetchResult } from './fetch-count.ts';

export interface FetchOptions {
  /** Asked again all the time: neighbours come and go. Ids are unique. */
  readonly sources: () => readonly Source[];
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
const MEASURE_MS = 1000;
/** A blob goes from one slow source to the next only so often. */
const MAX_STEALS = 3;
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
  if (left.length > 0) await new Swarm(left, count, options).run();
  return count.result();
}

class Swarm {
  readonly #options: FetchOptions;
  readonly #count: FetchCount;
  readonly #queue: BlobQueue;
  readonly #running = new Set<Running>();
  readonly #lots = new Map<string, number>();
  /** In a row and in this call; the ledger's also count earlier calls. */
  readonly #failures = new Map<string, number>();
  readonly #inFlight = new Map<string, number>();
  readonly #limits: SlotEstimate;
  readonly #measuring = new Map<string, { sinceMs: number; bytes: number }>();
  #sources: readonly Source[] = [];
  #lastTrouble: SourceError | undefined;
  #heardMs: number;
  #turnMs = performance.now();
  #end: { readonly error: unknown } | undefined;
  #settle: () => void = () => {};

  constructor(refs: readonly BlobRef[], count: FetchCount, options: FetchOptions) {
    this.#options = options;
    this.#count = count;
    this.#queue = new BlobQueue(refs);
    this.#limits = new SlotEstimate(options.concurrencyPerSource ?? 4);
    this.#heardMs = options.clock.monotonicMs();
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
      signal?.removeEventListener('abort', onAbort);
    }
    if (this.#end?.error !== undefined) throw asRippleError(this.#end.error);
  }

  /** The first reason stands; running transfers are cut, and `run` ends when they are gone. */
  #stop(error: unknown): void {
    this.#end ??= { error };
    for (const running of this.#running) running.abort.abort();
    if (this.#running.size === 0) this.#settle();
  }

  #tick(): void {
    try {
      this.#sources = this.#options.sources();
      // Whoever went away and comes back starts afresh.
      for (const id of this.#failures.keys())
        if (!this.#sources.some((source) => source.id === id)) this.#failures.delete(id);
      this.#measure();
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
    else if (!this.#hope()) this.#giveUp();
  }

  #assign(): void {
    const { concurrencyPerSource = 4, maxInFlight = 16 } = this.#options;
    while (this.#running.size < maxInFlight && this.#queue.length > 0) {
      const views = this.#views();
      if (!views.some((view) => !view.waiting && view.inFlight < concurrencyPerSource)) return;
      const taken = this.#queue.take(
        (blob) => chooseSource(this.#candidates(views, blob), concurrencyPerSource),
        this.#running.size === 0,
      );
      const source = taken && this.#sources.find((one) => one.id === taken[1]);
      if (!taken || !source) return;
      void this.#transfer(taken[0], source);
    }
  }

  async #transfer(blob: WantedBlob, source: Source): Promise<void> {
    const { ledger, cache, clock } = this.#options;
    const running: Running = {
      source,
      blob,
      abort: new AbortController(),
      startedMs: clock.monotonicMs(),
      bytes: 0,
      stolen: false,
    };
    this.#running.add(running);
    this.#changeInFlight(source.id, 1);
    try {
      const result = await transfer(source, blob, {
        cache,
        signal: running.abort.signal,
        received: (bytes) => {
          running.bytes += bytes;
          this.#received(source.id, bytes);
        },
        kept: (bytes) => this.#count.kept(bytes),
        resumed: (bytes) => this.#count.resumed(bytes),
        breathe: () => this.#breathe(),
      });
      this.#count.request();
      if (result.kind === 'done') {
        this.#failures.delete(source.id);
        ledger.gave(source.id);
        this.#limits.gave(source.id);
        this.#count.blobDone();
      } else {
        if (result.kind === 'failed' && !this.#end) this.#sourceFailed(running, result.error);
        this.#queue.putBack(blob);
      }
    } catch (error) {
      this.#queue.putBack(blob);
      if (!running.stolen) this.#stop(error);
    } finally {
      this.#running.delete(running);
      this.#changeInFlight(source.id, -1);
    }
    await this.#breathe();
    this.#pump();
  }

  #sourceFailed(running: Running, error: SourceError): void {
    const { source, blob } = running;
    if (running.stolen) {
      blob.slowAt.add(source.id);
      return;
    }
    // While others of ours are served there, "busy" only means that we ask for too much at once.
    if (error.reason === 'busy' && this.#limits.refused(source.id, (this.#inFlight.get(source.id) ?? 1) - 1)) return;
    this.#options.ledger.failed(source, error.reason, this.#options.clock.monotonicMs(), error.retryAfterMs);
    if (error.reason === 'missing') {
      blob.missingAt.add(source.id);
      return;
    }
    if (error.reason !== 'busy') this.#failures.set(source.id, (this.#failures.get(source.id) ?? 0) + 1);
    this.#lastTrouble = error;
    this.#options.onSourceError?.(source, error, error.reason === 'lied');
  }

  #received(id: string, bytes: number): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#options.ledger.addBytes(id, bytes);
    this.#count.received(id, bytes);
    const measuring = this.#measuring.get(id);
    if (measuring) measuring.bytes += bytes;
  }

  /** Sources that may be asked at all, now or after a wait. */
  #usable(): readonly Source[] {
    const { ledger, clock, maxFailures = 4 } = this.#options;
    const now = clock.monotonicMs();
    return this.#sources.filter(({ id }) => !ledger.isBanned(id, now) && (this.#failures.get(id) ?? 0) < maxFailures);
  }

  #views(): SourceView[] {
    const now = this.#options.clock.monotonicMs();
    return this.#usable().map(({ id, kind }) => {
      const record = this.#options.ledger.get(id);
      return {
        id,
        kind,
        inFlight: this.#inFlight.get(id) ?? 0,
        limit: this.#limits.of(id),
        failures: record.failures,
        misses: record.misses,
        rateBytesPerSecond: record.rateBytesPerSecond,
        waiting: record.waitUntilMs > now,
        lot: this.#lot(id),
      };
    });
  }

  /** Those that may have this blob, without those that were slow with it unless there is nobody else. */
  #candidates(views: readonly SourceView[], blob: WantedBlob | undefined): readonly SourceView[] {
    if (!blob) return views;
    const having = views.filter(({ id }) => !blob.missingAt.has(id));
    const quick = having.filter(({ id }) => !blob.slowAt.has(id));
    return quick.length > 0 ? quick : having;
  }

  /** Whether waiting can help: some source is left that did not say that it lacks what is wanted. */
  #hope(): boolean {
    const patienceMs = this.#options.patienceMs ?? 300_000;
    if (this.#options.clock.monotonicMs() - this.#heardMs > patienceMs) return false;
    const usable = this.#usable();
    return this.#queue.some((blob) => usable.some(({ id }) => !blob?.missingAt.has(id)));
  }

  #giveUp(): void {
    this.#stop(
      new BlobsMissingError(this.#queue.length, this.#count.totalBlobs, this.#sources.length, this.#lastTrouble),
    );
  }

  #stealFrom(running: Running): void {
    const { clock, concurrencyPerSource = 4, ledger } = this.#options;
    const seconds = (clock.monotonicMs() - running.startedMs) / 1000;
    const { ref, alone, slowAt } = running.blob;
    if (running.stolen || seconds < 3 || alone || slowAt.size >= MAX_STEALS) return;
    const others = this.#candidates(this.#views(), running.blob).filter(({ id }) => id !== running.source.id);
    const other = chooseSource(others, concurrencyPerSource);
    if (other === undefined) return;
    const remainingBytes = ref.sizeBytes - this.#options.cache.partBytes(ref.sha256);
    const rateBytesPerSecond = running.bytes / seconds;
    if (!worthStealing({ remainingBytes, rateBytesPerSecond }, ledger.get(other).rateBytesPerSecond)) return;
    running.stolen = true;
    running.abort.abort();
  }

  #measure(): void {
    const now = this.#options.clock.monotonicMs();
    for (const [id, measuring] of this.#measuring) {
      const ms = now - measuring.sinceMs;
      if (ms < MEASURE_MS) continue;
      this.#options.ledger.measured(id, Math.max(1, (measuring.bytes * 1000) / ms));
      this.#measuring.set(id, { sinceMs: now, bytes: 0 });
    }
  }

  #changeInFlight(id: string, by: number): void {
    const inFlight = (this.#inFlight.get(id) ?? 0) + by;
    this.#inFlight.set(id, inFlight);
    if (inFlight === 0) this.#measuring.delete(id);
    else if (!this.#measuring.has(id))
      this.#measuring.set(id, { sinceMs: this.#options.clock.monotonicMs(), bytes: 0 });
  }

  #lot(id: string): number {
    let lot = this.#lots.get(id);
    if (lot === undefined) {
      lot = Math.random();
      this.#lots.set(id, lot);
    }
    return lot;
  }

  #breathe(): Promise<void> | undefined {
    if (performance.now() - this.#turnMs < TURN_MS) return undefined;
    return nextTurn().then(() => {
      this.#turnMs = performance.now();
    });
  }
}
