/**
 * Whole blobs from several at once, as `fetch/swarm.ts` takes them: its queue, its table of sources, its limits; in virtual time.
 * The daemon looks up four times a second; here it looks up when something has changed that concerns it, as late as the daemon
 * would have seen it. A blob that crawls is not taken over by another source here, for no simulated source crawls alone.
 */
import type { BlobRef } from '../core/ports.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { BlobQueue } from '../fetch/blob-queue.ts';
import { SourceTable } from '../fetch/source-table.ts';
import type { WantedBlob } from '../fetch/transfer.ts';
import type { Host } from './host.ts';
import type { Scene, Sending } from './scene.ts';
import { SimPartners } from './sim-partners.ts';

/** Those of `fetch/swarm.ts`. */
const MOST_IN_FLIGHT = 16;
const PER_SOURCE = 4;
const MAX_FAILURES = 4;
const TICK_MS = 250;
const PATIENCE_MS = 300_000;
/** A rate is measured over so long at least; see `fetch/source-table.ts`. */
const MEASURE_MS = 1000;
/** Who stands still for so long takes over some of the others' pieces, and later more; see `core/server-share.ts`. */
const TAKE_OVER_MS = 3000;

export interface PiecesWish {
  readonly self: Host;
  readonly scene: Scene;
  readonly ledger: SourceLedger;
  readonly whole: () => readonly Host[];
  /** Neighbours that are getting it, and the ids of those who want it; absent: laptops do not give to each other here. */
  readonly partners: { readonly getting: () => readonly Host[]; readonly rivals: () => readonly string[] } | undefined;
  readonly wanted: readonly BlobRef[];
  readonly took: (ref: BlobRef) => void;
  /** All came (true), or nobody is left who could give any (false). */
  readonly over: (isWhole: boolean) => void;
}

interface Coming {
  readonly source: Host;
  sending: Sending | undefined;
  /** Of its bytes so many were counted. */
  countedBytes: number;
}

export class PiecesTaker {
  readonly #wish: PiecesWish;
  readonly #queue: BlobQueue;
  readonly #table: SourceTable<Host>;
  readonly #partners: SimPartners | undefined;
  readonly #coming = new Set<Coming>();
  #running = 0;
  #heardMs: number;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #isOver = false;
  readonly #refusedBy = new Set<Host>();
  readonly #again = (): void => this.#tick();

  constructor(wish: PiecesWish) {
    this.#wish = wish;
    const { self, scene, ledger, partners, wanted } = wish;
    const random = (): number => scene.options.random.next();
    const isManifest = wanted.some(({ sha256 }) => scene.isManifest(sha256));
    this.#partners =
      partners &&
      new SimPartners({
        ...{ self, scene, isManifest, partial: partners.getting, rivals: partners.rivals },
        wake: (ms) => this.#wakeIn(ms + random() * TICK_MS),
      });
    this.#queue = new BlobQueue(wanted, partners !== undefined, random);
    const common = { ledger, clock: scene.time.clock, partners: this.#partners, random };
    this.#table = new SourceTable<Host>({ ...common, perSource: PER_SOURCE, maxFailures: MAX_FAILURES });
    this.#heardMs = scene.time.nowMs;
  }

  start(): void {
    const { scene } = this.#wish;
    // The first maps are waited for: else the server is asked for what is near.
    if (!this.#partners || this.#partners.refresh().length === 0) this.#tick();
    else scene.time.in(scene.options.links.requestSeconds * 1000 + 1, () => this.#tick());
  }

  /** Somebody came, went, or has more than before. */
  nearChanged(): void {
    if (this.#queue.length > 0 && this.#running < MOST_IN_FLIGHT)
      this.#wakeIn(this.#wish.scene.options.random.next() * 2 * TICK_MS);
  }

  /** It closed or left: what came is kept. */
  stop(): void {
    this.#isOver = true;
    this.#partners?.stop();
    for (const host of this.#refusedBy) this.#wish.scene.refusedBy(host).delete(this.#again);
  }

  #wakeIn(ms: number): void {
    const { time, options } = this.#wish.scene;
    const atMs = Math.max(time.nowMs + ms, this.#refreshedMs + options.quantumSeconds * 1000);
    if (this.#isOver || atMs >= this.#tickAtMs) return;
    this.#tickAtMs = atMs;
    time.in(atMs - time.nowMs, () => {
      if (this.#tickAtMs !== atMs) return;
      this.#tickAtMs = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  #tick(): void {
    if (this.#isOver) return;
    this.#refresh();
    this.#pump();
  }

  #refresh(): void {
    const { nowMs } = this.#wish.scene.time;
    this.#refreshedMs = nowMs;
    for (const coming of this.#coming) this.#count(coming);
    // Of a piece that is on its way some bytes came just now.
    if (this.#coming.size > 0) this.#heardMs = nowMs;
    this.#table.refresh(this.#wish.whole(), this.#partners?.refresh() ?? []);
  }

  #count(coming: Coming): void {
    const bytes = coming.sending?.cameBytes() ?? 0;
    this.#table.received(coming.source.id, bytes - coming.countedBytes);
    coming.countedBytes = bytes;
  }

  #pump(): void {
    if (this.#isOver) return;
    const starvedMs = this.#coming.size > 0 ? 0 : this.#wish.scene.time.nowMs - this.#heardMs;
    while (this.#running < MOST_IN_FLIGHT && this.#queue.length > 0) {
      const views = this.#table.views();
      const taken =
        views && this.#queue.take((blob) => this.#table.choose(views, blob, starvedMs), this.#running === 0);
      if (!taken) break;
      this.#ask(...taken);
    }
    if (this.#running > 0) return;
    if (this.#queue.length === 0) this.#end(true);
    else if (starvedMs > PATIENCE_MS || !this.#queue.some((blob) => this.#table.mayHave(blob))) this.#end(false);
    else this.#wakeIn(Math.max(TAKE_OVER_MS, starvedMs / 2));
  }

  #ask(blob: WantedBlob, source: Host): void {
    const { scene, self, took, ledger } = this.#wish;
    const { time, options } = scene;
    const { ref } = blob;
    this.#running += 1;
    this.#table.began(source.id);
    const fail = (reason: 'busy' | 'missing' | 'unreachable'): void => {
      if (reason === 'missing') this.#table.missed(source.id, blob);
      this.#table.failed(source, { reason, retryAfterMs: reason === 'busy' ? source.retryAfterMs : 0 });
      this.#queue.putBack(blob);
      const waitMs = ledger.get(source.id).waitUntilMs - time.nowMs;
      if (waitMs > 0) this.#waitFor(source, waitMs + options.random.next() * TICK_MS, reason);
      // Behind the server nobody is left to ask; of a class many are refused at once, and wait.
      if (waitMs <= 0 || source.kind !== 'school' || this.#running === MOST_IN_FLIGHT) end();
      else {
        done();
        this.#wakeIn(Math.max(TAKE_OVER_MS, (time.nowMs - this.#heardMs) / 2));
      }
    };
    const done = (): void => {
      this.#running -= 1;
      this.#table.ended(source.id);
    };
    const end = (): void => {
      done();
      this.#pump();
    };
    const arrived = (): void => {
      this.#count(coming);
      this.#coming.delete(coming);
      this.#heardMs = time.nowMs;
      scene.leaveSlot(source);
    };
    const coming: Coming = { source, sending: undefined, countedBytes: 0 };
    const take = (): void => {
      if (this.#isOver) {
        scene.leaveSlot(source);
        return;
      }
      this.#coming.add(coming);
      coming.sending = scene.send({
        from: source,
        to: self,
        bytes: ref.sizeBytes,
        what: ref.sha256,
        done: () => {
          arrived();
          if (!this.#isOver && time.nowMs - this.#refreshedMs >= MEASURE_MS) this.#refresh();
          this.#table.gave(source.id);
          this.#partners?.got(ref.sha256);
          took(ref);
          end();
        },
        broke: () => {
          arrived();
          fail('unreachable');
        },
      });
    };
    if (scene.holds(source, ref.sha256)) scene.takeSlot(source, take, () => fail('busy'));
    else time.in(options.links.requestSeconds * 1000, () => fail('missing'));
  }

  #waitFor(source: Host, ms: number, reason: 'busy' | 'missing' | 'unreachable'): void {
    if (reason !== 'busy') this.#wakeIn(ms);
    else if (!this.#isOver) {
      this.#refusedBy.add(source);
      this.#wish.scene.refusedBy(source).add(this.#again, ms, 1.5 * source.retryAfterMs + TICK_MS / 2);
    }
  }

  #end(isWhole: boolean): void {
    this.stop();
    this.#wish.over(isWhole);
  }
}
