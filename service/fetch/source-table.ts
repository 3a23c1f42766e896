/** What one fetch knows of its sources, beside what the ledger knows for longer; and what may be asked of whom. */
import type { BlobRef, Clock, Source } from '../core/ports.ts';
import { chooseSource, lotOf, type SourceView, worthStealing } from '../core/source-choice.ts';
import type { SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { PartnerBook } from './partner-book.ts';
import { SlotEstimate } from './slot-estimate.ts';
import type { WantedBlob } from './transfer.ts';

const MEASURE_MS = 1000;

/** Of a source what the table itself needs: a simulated one has no bytes to read. */
export type Named = Pick<Source, 'id' | 'kind'>;
export type Partners = Pick<PartnerBook, 'isCrowd' | 'isOursToAsk' | 'isPartner' | 'has' | 'missed'>;

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

/** Of one source what this fetch knows; at the same time what there is to choose from. */
interface Known<One> extends SourceView {
  /** The latest of this name: one that moved is another. */
  source: One;
  inFlight: number;
  limit: number;
  failures: number;
  misses: number;
  rateBytesPerSecond: number;
  waiting: boolean;
  crowd: boolean;
  lot: number;
  /** In a row and in this fetch; the ledger's also count earlier ones. */
  failuresHere: number;
  /** Only while something is out there: a rate is what comes when something was asked for. */
  measuring: { sinceMs: number; bytes: number } | undefined;
  /** The last look at the present sources that it was among. */
  seenIn: number;
}

export class SourceTable<One extends Named = Source> {
  readonly #options: SourceTableOptions;
  readonly #random: () => number;
  readonly #slots: SlotEstimate;
  readonly #known = new Map<string, Known<One>>();
  readonly #measuring = new Set<Known<One>>();
  #present: readonly Known<One>[] = [];
  /** The lists that they are from. */
  #whole: readonly One[] = [];
  #partners: readonly One[] = [];
  #looks = 0;

  constructor(options: SourceTableOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#slots = new SlotEstimate(options.perSource);
  }

  get size(): number {
    return this.#present.length;
  }

  /** Takes the present sources, and the rates since the last time. Lists that are the same as then have the same sources. */
  refresh(whole: readonly One[], partners: readonly One[]): void {
    if (whole !== this.#whole || partners !== this.#partners) this.#take(whole, partners);
    const now = this.#options.clock.monotonicMs();
    for (const known of this.#measuring) {
      const { measuring, id } = known;
      const ms = now - (measuring?.sinceMs ?? now);
      if (!measuring || ms < MEASURE_MS) continue;
      this.#options.ledger.measured(id, Math.max(1, (measuring.bytes * 1000) / ms));
      known.measuring = { sinceMs: now, bytes: 0 };
    }
  }

  #take(whole: readonly One[], partners: readonly One[]): void {
    [this.#whole, this.#partners] = [whole, partners];
    this.#looks += 1;
    const present: Known<One>[] = [];
    for (const some of [whole, partners])
      for (const source of some) {
        const known = this.#of(source);
        // Whoever went away and comes back starts afresh.
        if (known.seenIn < this.#looks - 1) known.failuresHere = 0;
        known.seenIn = this.#looks;
        present.push(known);
      }
    this.#present = present;
  }

  /** Views to choose from, for as long as nothing changes; `undefined` when nobody could be asked for anything. */
  views(): readonly SourceView[] | undefined {
    const { ledger, clock, partners, perSource, maxFailures } = this.#options;
    const now = clock.monotonicMs();
    const crowd = partners?.isCrowd ?? false;
    const views: Known<One>[] = [];
    let isRoom = false;
    for (const known of this.#present) {
      if (known.failuresHere >= maxFailures) continue;
      const { failures, misses, rateBytesPerSecond, waitUntilMs, bannedUntilMs } = ledger.get(known.id);
      if (bannedUntilMs > now) continue;
      known.failures = failures;
      known.misses = misses;
      known.rateBytesPerSecond = rateBytesPerSecond;
      known.waiting = waitUntilMs > now;
      known.limit = this.#slots.of(known.id);
      known.crowd = crowd;
      if (known.lot < 0) known.lot = lotOf(ledger.isProven(known.id), this.#random());
      views.push(known);
      isRoom ||= !known.waiting && known.inFlight < perSource;
    }
    return isRoom ? views : undefined;
  }

  /** Who is to be asked for this blob now; `undefined` stands for a blob nothing is known of. `starvedMs`: since anything came. */
  choose(views: readonly SourceView[], blob: WantedBlob | undefined, starvedMs: number): One | undefined {
    const { partners, perSource } = this.#options;
    let having = this.#candidates(views, blob);
    if (blob && partners?.isCrowd) {
      const isNear = having.some(({ kind }) => kind === 'peer');
      if (!partners.isOursToAsk(blob.ref.sha256, starvedMs, isNear)) {
        if (!isNear) return undefined;
        having = having.filter(({ kind }) => kind === 'peer');
      }
    }
    const id = chooseSource(having, perSource);
    return id === undefined ? undefined : this.#known.get(id)?.source;
  }

  /** Whether somebody, now or after a wait, might have it. */
  mayHave(blob: WantedBlob | undefined): boolean {
    const now = this.#options.clock.monotonicMs();
    return this.#present.some((known) => this.#isUsable(known, now) && !blob?.missingAt.has(known.id));
  }

  /** Whether somebody else would be done with the rest of a blob well before `id`, which gives at `rate`. */
  isOutrun(id: string, blob: WantedBlob, remainingBytes: BlobRef['sizeBytes'], rate: number): boolean {
    const others = this.#candidates(this.views() ?? [], blob).filter((view) => view.id !== id);
    const other = chooseSource(others, this.#options.perSource);
    const view = others.find((one) => one.id === other);
    return view !== undefined && worthStealing({ remainingBytes, rateBytesPerSecond: rate }, view.rateBytesPerSecond);
  }

  began(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    known.inFlight += 1;
    if (known.inFlight > 1) return;
    known.measuring = { sinceMs: this.#options.clock.monotonicMs(), bytes: 0 };
    this.#measuring.add(known);
  }

  ended(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    known.inFlight -= 1;
    if (known.inFlight > 0) return;
    known.measuring = undefined;
    this.#measuring.delete(known);
  }

  received(id: string, bytes: number): void {
    this.#options.ledger.addBytes(id, bytes);
    const measuring = this.#known.get(id)?.measuring;
    if (measuring) measuring.bytes += bytes;
  }

  gave(id: string): void {
    const known = this.#known.get(id);
    if (known) known.failuresHere = 0;
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
    const known = this.#known.get(id);
    // While others of ours are served there, "busy" only means that we ask for too much at once.
    if (error.reason === 'busy' && this.#slots.refused(id, (known?.inFlight ?? 1) - 1)) return false;
    // Whoever is still getting it is no worse for what it does not have yet.
    if (error.reason === 'missing' && this.#options.partners?.isPartner(id)) return false;
    // A class that was refused together must not come back together, and leave the server idle in between.
    const retryAfterMs = error.retryAfterMs * (1 + this.#random());
    this.#options.ledger.failed(source, error.reason, this.#options.clock.monotonicMs(), retryAfterMs);
    if (error.reason === 'missing') return false;
    if (error.reason !== 'busy' && known) known.failuresHere += 1;
    return true;
  }

  /** It may be asked at all, now or after a wait. */
  #isUsable({ id, failuresHere }: Known<One>, now: number): boolean {
    return failuresHere < this.#options.maxFailures && !this.#options.ledger.isBanned(id, now);
  }

  #of(source: One): Known<One> {
    const { id, kind } = source;
    let known = this.#known.get(id);
    if (!known) {
      const view = { id, kind, inFlight: 0, limit: 0, failures: 0, misses: 0, rateBytesPerSecond: 0 };
      const rest = { waiting: false, crowd: false, lot: -1, failuresHere: 0, measuring: undefined, seenIn: 0 };
      known = { ...view, ...rest, source };
      this.#known.set(id, known);
    }
    known.source = source;
    return known;
  }

  /** Those that may have this blob, without those that were slow with it unless there is nobody else. */
  #candidates(views: readonly SourceView[], blob: WantedBlob | undefined): readonly SourceView[] {
    const { partners } = this.#options;
    if (!blob) return views;
    const having = views.filter(({ id }) =>
      partners?.isPartner(id) ? partners.has(id, blob.ref.sha256) : !blob.missingAt.has(id),
    );
    if (blob.slowAt.size === 0) return having;
    const quick = having.filter(({ id }) => !blob.slowAt.has(id));
    return quick.length > 0 ? quick : having;
  }
}
