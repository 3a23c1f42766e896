/**
 * Who is near: what mDNS hints at, checked by asking when something hangs on it. The one place that decides when a
 * neighbour is asked, so that thirty laptops at rest stay quiet and no hint from outside makes us ask often.
 */
import type { Clock, Neighbour } from '../core/ports.ts';
import { Liveness } from './liveness.ts';
import { type Moment, NeighbourTable } from './registry.ts';
import { Timers } from './timers.ts';
import { parseTxt } from './txt.ts';

/** An answer this young needs no other: several ask about a neighbour just before they use it. */
const FRESH_MS = 5_000;
/** Hints alone have one address asked once in this time, however many come. */
const HINTED_APART_MS = 10_000;
/** After a goodbye the whole class asks; not all at once. */
const DOUBT_MS = 200;
const DOUBT_SPREAD_MS = 1_800;
/** Who said goodbye and still answers may only be slow to go. */
const SECOND_THOUGHT_MS = 30_000;
const PRUNE_MS = 60_000;
/** At rest one neighbour is asked in this time: the one silent for longest. */
const REST_PROBE_MS = 600_000;
const MAX_PLANNED = 512;

export class Presence {
  readonly #table: NeighbourTable;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #missed: (url: string) => void;
  readonly #liveness = new Liveness();
  readonly #planned = new Timers();
  readonly #rest = new Timers();
  /** When each address was asked last, monotonic. */
  readonly #askedMs = new Map<string, number>();
  #stopped = false;

  /**
   * @param changed called whenever `list()` says something else.
   * @param missed called when an address that was taken to be alive does not answer.
   */
  constructor(ownId: string, clock: Clock, changed: () => void, missed: (url: string) => void) {
    this.#table = new NeighbourTable(ownId);
    this.#clock = clock;
    this.#changed = changed;
    this.#missed = missed;
    this.#pruneLater();
    this.#askOneLater();
  }

  list(): readonly Neighbour[] {
    return this.#table.list();
  }

  sighted(strings: readonly Uint8Array[], url: string): void {
    this.#heard(strings, url, true);
  }

  /** Somebody is listed: if it is not taken to be alive it is asked. */
  listed(strings: readonly Uint8Array[], url: string): void {
    if (!this.#table.isAlive(url)) this.#heard(strings, url, false);
  }

  doubted(url: string): void {
    this.#plan(url, DOUBT_MS + Math.random() * DOUBT_SPREAD_MS, true);
  }

  /** Whether the neighbour answers now, at any of its addresses. */
  async probe(id: string): Promise<boolean> {
    const answers = await Promise.all(this.#table.urlsOf(id).map((url) => this.#isFresh(url) || this.#ask(url)));
    return answers.includes(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#planned.stop();
    this.#rest.stop();
    this.#liveness.stop();
  }

  #heard(strings: readonly Uint8Array[], url: string, firstHand: boolean): void {
    const record = this.#stopped ? undefined : parseTxt(strings);
    if (!record) return;
    const { changed, mustAnswer } = this.#table.sighted(record, url, this.#now(), firstHand);
    if (changed) this.#changed();
    if (mustAnswer) this.#plan(url, DOUBT_MS * Math.random(), false);
  }

  /** Asks the address soon; `again`: also once more, a while after a good answer. */
  #plan(url: string, inMs: number, again: boolean): void {
    if (this.#planned.size >= MAX_PLANNED || this.#table.imageAt(url) === undefined) return;
    const apartMs = (this.#askedMs.get(url) ?? Number.NEGATIVE_INFINITY) + HINTED_APART_MS - this.#now().monotonicMs;
    this.#planned.once(url, Math.max(inMs, apartMs), async () => {
      if ((await this.#ask(url)) && again) this.#plan(url, SECOND_THOUGHT_MS, false);
    });
  }

  async #ask(url: string): Promise<boolean> {
    const image = this.#table.imageAt(url);
    if (image === undefined) return false;
    this.#askedMs.set(url, this.#now().monotonicMs);
    const alive = await this.#liveness.probe(url, image);
    if (alive === undefined || this.#stopped) return false;
    const wasAlive = this.#table.isAlive(url);
    if (alive ? this.#table.answered(url, this.#now()) : this.#table.missed(url)) this.#changed();
    if (wasAlive && !alive) this.#missed(url);
    return alive;
  }

  #isFresh(url: string): boolean {
    const answeredMs = this.#table.answeredMs(url);
    return answeredMs !== undefined && this.#now().monotonicMs - answeredMs < FRESH_MS;
  }

  #pruneLater(): void {
    this.#rest.once('prune', PRUNE_MS, () => {
      const now = this.#now();
      for (const [url, askedMs] of this.#askedMs)
        if (now.monotonicMs - askedMs > HINTED_APART_MS) this.#askedMs.delete(url);
      if (this.#table.prune(now)) this.#changed();
      this.#pruneLater();
    });
  }

  #askOneLater(): void {
    this.#rest.once('ask', REST_PROBE_MS * (1 + Math.random() / 2), () => {
      const url = this.#table.mostSilent();
      if (url !== undefined) void this.#ask(url);
      this.#askOneLater();
    });
  }

  #now(): Moment {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }
}
