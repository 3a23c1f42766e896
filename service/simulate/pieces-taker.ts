/**
 * Whole blobs from several at once, as `fetch/swarm.ts` takes them: its queue, its table of sources, its limits; in virtual time.
 * A blob that crawls is not taken over by another source here, for no simulated source crawls alone.
 */
import type { BlobRef } from '../core/ports.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { BlobQueue } from '../fetch/blob-queue.ts';
import { SourceTable } from '../fetch/source-table.ts';
import type { WantedBlob } from '../fetch/transfer.ts';
import type { Host } from './host.ts';
import type { Scene } from './scene.ts';
import { SimPartners } from './sim-partners.ts';

/** Those of `fetch/swarm.ts`. */
const MOST_IN_FLIGHT = 16;
const PER_SOURCE = 4;
const MAX_FAILURES = 4;
const TICK_MS = 250;
const PATIENCE_MS = 300_000;

export interface PiecesWish {
  readonly self: Host;
  readonly scene: Scene;
  readonly ledger: SourceLedger;
  readonly whole: () => readonly Host[];
  /** Neighbours that are getting it, and those that lack it; absent: laptops do not give to each other here. */
  readonly getting: (() => readonly Host[]) | undefined;
  readonly lacking: () => readonly Host[];
  readonly wanted: readonly BlobRef[];
  readonly took: (ref: BlobRef) => void;
  /** All came (true), or nobody is left who could give any (false). */
  readonly over: (isWhole: boolean) => void;
}

export class PiecesTaker {
  readonly #wish: PiecesWish;
  readonly #queue: BlobQueue;
  readonly #table: SourceTable<Host>;
  readonly #partners: SimPartners | undefined;
  #running = 0;
  #coming = 0;
  #heardMs: number;
  #isOver = false;

  constructor(wish: PiecesWish) {
    this.#wish = wish;
    const { self, scene, ledger, getting, lacking, wanted } = wish;
    const random = (): number => scene.options.random.next();
    const isManifest = wanted.some(({ sha256 }) => scene.isManifest(sha256));
    this.#partners =
      getting && new SimPartners({ self, scene, isManifest, partial: getting, rivals: isManifest ? lacking : getting });
    this.#queue = new BlobQueue(wanted, getting !== undefined, random);
    this.#table = new SourceTable<Host>({
      ledger,
      clock: scene.time.clock,
      perSource: PER_SOURCE,
      maxFailures: MAX_FAILURES,
      partners: this.#partners,
      random,
    });
    this.#heardMs = scene.time.nowMs;
  }

  start(): void {
    const { scene } = this.#wish;
    // The first maps are waited for: else the server is asked for what is near.
    if (!this.#partners || this.#partners.refresh().length === 0) this.#tick();
    else scene.time.in(scene.options.links.requestSeconds * 1000 + 1, () => this.#tick());
  }

  /** It closed or left: what came is kept. */
  stop(): void {
    this.#isOver = true;
  }

  #tick(): void {
    if (this.#isOver) return;
    this.#table.refresh(this.#wish.whole(), this.#partners?.refresh() ?? []);
    this.#pump();
    if (!this.#isOver)
      this.#wish.scene.time.in(Math.min(5000, Math.max(TICK_MS, 5000 * this.#wish.scene.options.tickSeconds)), () =>
        this.#tick(),
      );
  }

  #pump(): void {
    if (this.#isOver) return;
    const { nowMs } = this.#wish.scene.time;
    // Of a piece that is on its way some bytes came just now.
    const starvedMs = this.#coming > 0 ? 0 : nowMs - this.#heardMs;
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
  }

  #ask(blob: WantedBlob, source: Host): void {
    const { scene, self, took } = this.#wish;
    const { time, options } = scene;
    const { ref } = blob;
    this.#running += 1;
    this.#table.began(source.id);
    const fail = (reason: 'busy' | 'missing' | 'unreachable'): void => {
      if (reason === 'missing') this.#table.missed(source.id, blob);
      this.#table.failed(source, { reason, retryAfterMs: reason === 'busy' ? source.retryAfterMs : 0 });
      this.#queue.putBack(blob);
      end();
    };
    const end = (): void => {
      this.#running -= 1;
      this.#table.ended(source.id);
      this.#pump();
    };
    const refusal = !scene.holds(source, ref.sha256) ? 'missing' : source.takeSlot() ? undefined : 'busy';
    if (refusal) {
      time.in(options.links.requestSeconds * 1000, () => fail(refusal));
      return;
    }
    this.#coming += 1;
    const arrived = (): void => {
      source.leaveSlot();
      this.#coming -= 1;
      this.#heardMs = time.nowMs;
    };
    scene.send({
      from: source,
      to: self,
      bytes: ref.sizeBytes,
      done: () => {
        arrived();
        this.#table.received(source.id, ref.sizeBytes);
        this.#table.gave(source.id);
        took(ref);
        end();
      },
      broke: () => {
        arrived();
        fail('unreachable');
      },
    });
  }

  #end(isWhole: boolean): void {
    this.#isOver = true;
    this.#wish.over(isWhole);
  }
}
