/** What one fetch knows of its sources, beside what the ledger knows for longer; and what may be asked of whom. */
import type { BlobRef, Clock, Source } from '../core/ports.ts';
import { chooseSource, lotOf, type SourceView, worthStealing } from '../core/source-choice.ts';
import type { SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { PieceMaps } from './piece-maps.ts';
import { SlotEstimate } from './slot-estimate.ts';
import type { WantedBlob } from './transfer.ts';

const MEASURE_MS = 1000;

/** Of a source what the table itself needs: a simulated one has no bytes to read. */
export type Named = Pick<Source, 'id' | 'kind'>;
export type Partners = Pick<PieceMaps, 'isCrowd' | 'isOursToAsk' | 'isPartner' | 'has' | 'missed'>;

export interface SourceTableOptions {
  readonly ledger: SourceLedger;
  readonly clock: Clock;
  readonly perSource: number;
  readonly maxFailures: number;
  /** Neighbours that have only a part so far. */
  readonly partners: Partners | undefined;
  /** 0 ≤ x < 1; absent: Math.random. */
  readonly random?: () => number;
}

export class SourceTable<One extends Named = Source> {
  readonly #options: SourceTableOptions;
  readonly #random: () => number;
  readonly #slots: SlotEstimate;
  /** In a row and in this fetch; the ledger's also count earlier ones. */
  readonly #failures = new Map<string, number>();
  readonly #inFlight = new Map<string, number>();
  readonly #lots = new Map<string, number>();
  /** Only while something is out there: a rate is what comes when something was asked for. */
  readonly #measuring = new Map<string, { sinceMs: number; bytes: number }>();
  #sources: readonly One[] = [];

  constructor(options: SourceTableOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#slots = new SlotEstimate(options.perSource);
  }

  get size(): number {
    return this.#sources.length;
  }

  /** Takes the present sources, and the rates since the last time. */
  refresh(whole: readonly One[], partners: readonly One[]): void {
    const sources = [...whole, ...partners];
    this.#sources = sources;
    // Whoever went away and comes back starts afresh.
    for (const id of this.#failures.keys()) if (!sources.some((source) => source.id === id)) this.#failures.delete(id);
    const now = this.#options.clock.monotonicMs();
    for (const [id, { sinceMs, bytes }] of this.#measuring) {
      const ms = now - sinceMs;
      if (ms < MEASURE_MS) continue;
      this.#options.ledger.measured(id, Math.max(1, (bytes * 1000) / ms));
      this.#measuring.set(id, { sinceMs: now, bytes: 0 });
    }
  }

  /** Views to choose from, for as long as nothing changes; `undefined` when nobody could be asked for anything. */
  views(): readonly SourceView[] | undefined {
    const now = this.#options.clock.monotonicMs();
    const views = this.#usable().map(({ id, kind }) => this.#view(id, kind, now));
    return views.some((view) => !view.waiting && view.inFlight < this.#options.perSource) ? views : undefined;
  }

  /** Who is to be asked for this blob now; `undefined` stands for a blob nothing is known of. `starvedMs`: since anything came. */
  choose(views: readonly SourceView[], blob: WantedBlob | undefined, starvedMs: number): One | undefined {
    const { partners } = this.#options;
    const having = this.#candidates(views, blob);
    const isNear = having.some(({ kind }) => kind === 'peer');
    const isOurs = !blob || !partners?.isCrowd || partners.isOursToAsk(blob.ref.sha256, starvedMs, isNear);
    const id = chooseSource(isOurs ? having : having.filter(({ kind }) => kind === 'peer'), this.#options.perSource);
    return this.#sources.find((source) => source.id === id);
  }

  /** Whether somebody, now or after a wait, might have it. */
  mayHave(blob: WantedBlob | undefined): boolean {
    return this.#usable().some(({ id }) => !blob?.missingAt.has(id));
  }

  /** Whether somebody else would be done with the rest of a blob well before `id`, which gives at `rate`. */
  isOutrun(id: string, blob: WantedBlob, remainingBytes: BlobRef['sizeBytes'], rate: number): boolean {
    const others = this.#candidates(this.views() ?? [], blob).filter((view) => view.id !== id);
    const other = chooseSource(others, this.#options.perSource);
    const view = others.find((one) => one.id === other);
    return view !== undefined && worthStealing({ remainingBytes, rateBytesPerSecond: rate }, view.rateBytesPerSecond);
  }

  began(id: string): void {
    const inFlight = this.#inFlight.get(id) ?? 0;
    this.#inFlight.set(id, inFlight + 1);
    if (inFlight === 0) this.#measuring.set(id, { sinceMs: this.#options.clock.monotonicMs(), bytes: 0 });
  }

  ended(id: string): void {
    const inFlight = (this.#inFlight.get(id) ?? 1) - 1;
    this.#inFlight.set(id, inFlight);
    if (inFlight === 0) this.#measuring.delete(id);
  }

  received(id: string, bytes: number): void {
    this.#options.ledger.addBytes(id, bytes);
    const measuring = this.#measuring.get(id);
    if (measuring) measuring.bytes += bytes;
  }

  gave(id: string): void {
    this.#failures.delete(id);
    this.#options.ledger.gave(id);
    this.#slots.gave(id);
  }

  /** It said that it has it, or may have it. */
  missed(id: string, blob: WantedBlob): void {
    if (this.#options.partners?.isPartner(id)) this.#options.partners.missed(id, blob.ref.sha256);
    else blob.missingAt.add(id);
  }

  /** To be called before `ended`. True if it is trouble that somebody should hear of. */
  failed(source: One, error: Pick<SourceError, 'reason' | 'retryAfterMs'>): boolean {
    const { id } = source;
    // While others of ours are served there, "busy" only means that we ask for too much at once.
    if (error.reason === 'busy' && this.#slots.refused(id, (this.#inFlight.get(id) ?? 1) - 1)) return false;
    // Whoever is still getting it is no worse for what it does not have yet.
    if (error.reason === 'missing' && this.#options.partners?.isPartner(id)) return false;
    // A class that was refused together must not come back together, and leave the server idle in between.
    const retryAfterMs = error.retryAfterMs * (1 + this.#random());
    this.#options.ledger.failed(source, error.reason, this.#options.clock.monotonicMs(), retryAfterMs);
    if (error.reason === 'missing') return false;
    if (error.reason !== 'busy') this.#failures.set(id, (this.#failures.get(id) ?? 0) + 1);
    return true;
  }

  /** Sources that may be asked at all, now or after a wait. */
  #usable(): readonly One[] {
    const { ledger, clock, maxFailures } = this.#options;
    const now = clock.monotonicMs();
    return this.#sources.filter(({ id }) => !ledger.isBanned(id, now) && (this.#failures.get(id) ?? 0) < maxFailures);
  }

  #view(id: string, kind: Source['kind'], now: number): SourceView {
    const { failures, misses, rateBytesPerSecond, waitUntilMs } = this.#options.ledger.get(id);
    const inFlight = this.#inFlight.get(id) ?? 0;
    const waiting = waitUntilMs > now;
    const limit = this.#slots.of(id);
    const crowd = this.#options.partners?.isCrowd ?? false;
    return { id, kind, inFlight, limit, failures, misses, rateBytesPerSecond, waiting, crowd, lot: this.#lot(id) };
  }

  /** Those that may have this blob, without those that were slow with it unless there is nobody else. */
  #candidates(views: readonly SourceView[], blob: WantedBlob | undefined): readonly SourceView[] {
    const { partners } = this.#options;
    if (!blob) return views;
    const having = views.filter(({ id }) =>
      partners?.isPartner(id) ? partners.has(id, blob.ref.sha256) : !blob.missingAt.has(id),
    );
    const quick = having.filter(({ id }) => !blob.slowAt.has(id));
    return quick.length > 0 ? quick : having;
  }

  #lot(id: string): number {
    let lot = this.#lots.get(id);
    if (lot === undefined) {
      lot = lotOf(this.#options.ledger.isProven(id), this.#random());
      this.#lots.set(id, lot);
    }
    return lot;
  }
}
