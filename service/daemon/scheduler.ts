/** When a laptop looks around by itself: now and then, and when a neighbour announces something newer. */
import { asRippleError } from '../api/errors.ts';
import type { Severity } from '../api/model.ts';
import type { FetchWait } from '../core/fetch-policy.ts';
import { hintedLookMs, ownLookMs } from '../core/look-rules.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { UpdaterSnapshot } from '../core/updater.ts';
import { lookDelayMs } from '../core/wake-rules.ts';
import type { LaptopUpdater } from './laptop-updater.ts';
import type { SourceBook } from './source-book.ts';

export interface SchedulerOptions {
  /** Mean minutes between looks; 0: never by itself. */
  readonly minutes: number;
  readonly automatic: boolean;
  readonly updater: Pick<LaptopUpdater, 'onSignal' | 'checkQuietly' | 'fetchQuietly' | 'pauseQuietly'> & {
    snapshot(): Pick<UpdaterSnapshot, 'state' | 'bootedVersion' | 'versions' | 'progress'>;
  };
  readonly sources: Pick<SourceBook, 'newestAnnounced' | 'forVersion'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
}

/** Whoever is woken while at something else tries again so often. */
const BUSY_RETRY_MS = 5000;
const MOST_BUSY_RETRIES = 120;
/** What has to wait for mains or for the hour is looked at again so often. */
const WAIT_LOOK_MS = 20_000;
/** A longer timer would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #woken: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  /** Something was to be fetched by itself and has to wait. */
  #isPutOff = false;
  #wokenAtMs = Number.POSITIVE_INFINITY;
  #lastLookMs = Number.NEGATIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    if (options.automatic)
      options.updater.onSignal((signal) => {
        // After each look, not only at news: what failed is tried again, nobody may be there to ask for it.
        if (signal.name === 'StateChanged' && signal.old === 'checking' && signal.new === 'available') this.#takeUp();
      });
  }

  start(): void {
    this.#arm();
    this.neighboursChanged();
    if (!this.#options.automatic) return;
    this.#waiting = setInterval(() => this.#lookAtWaiting(), WAIT_LOOK_MS);
    this.#waiting.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    clearTimeout(this.#woken);
    clearInterval(this.#waiting);
  }

  /** A wake-up packet brought a release that verified. By the time of the look it may have come another way: `isWanted` tells. */
  woken(severity: Severity, isWanted: () => boolean): void {
    this.#lookIn(lookDelayMs(severity, Math.random()), MOST_BUSY_RETRIES, isWanted);
  }

  /** Somebody plugged a stick in that has news. */
  pluggedIn(): void {
    this.#lookIn(0, MOST_BUSY_RETRIES, () => true);
  }

  #lookIn(delayMs: number, retries: number, isWanted: () => boolean): void {
    const atMs = this.#options.clock.monotonicMs() + delayMs;
    // What is due sooner stays.
    if (atMs >= this.#wokenAtMs) return;
    clearTimeout(this.#woken);
    this.#wokenAtMs = atMs;
    this.#woken = setTimeout(() => {
      this.#wokenAtMs = Number.POSITIVE_INFINITY;
      if (isWanted() && !this.#look() && retries > 0) this.#lookIn(BUSY_RETRY_MS, retries - 1, isWanted);
    }, delayMs);
    this.#woken.unref();
  }

  neighboursChanged(): void {
    const { updater, sources, clock } = this.#options;
    const { bootedVersion, versions } = updater.snapshot();
    const known = Math.max(bootedVersion, ...versions.map((info) => info.version));
    const unheard = versions.some(
      (info) => !info.local && info.sources.length !== sources.forVersion(info.version).length,
    );
    if (this.#soon || (sources.newestAnnounced() <= known && !unheard)) return;
    const wait = hintedLookMs(this.#lastLookMs, clock.monotonicMs());
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#look();
    }, wait);
    this.#soon.unref();
  }

  #look(): boolean {
    this.#lastLookMs = this.#options.clock.monotonicMs();
    return this.#options.updater.checkQuietly(this.#options.automatic);
  }

  #arm(): void {
    const { minutes } = this.#options;
    if (minutes === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#look();
        this.#arm();
      },
      Math.min(ownLookMs(minutes, Math.random()), LONGEST_TIMER_MS),
    );
    this.#timer.unref();
  }

  #takeUp(): void {
    const { updater, logger } = this.#options;
    // After the check has ended: one job at a time.
    setTimeout(() => {
      const version = updater.snapshot().versions.at(-1)?.version ?? 0;
      updater.fetchQuietly(version).then(
        (waits) => this.#putOff(waits, version),
        (error: unknown) => logger.info('not fetched by itself', { version, message: asRippleError(error).message }),
      );
    }, 100).unref();
  }

  #putOff(waits: FetchWait | undefined, version: number): void {
    if (waits !== undefined && !this.#isPutOff)
      this.#options.logger.info('fetching by itself waits', { version, waits });
    this.#isPutOff = waits !== undefined;
  }

  /** A fetch under way may have to stop, and one that was put off may begin. */
  #lookAtWaiting(): void {
    const { updater } = this.#options;
    const { state, progress } = updater.snapshot();
    if (state === 'available' && this.#isPutOff) this.#takeUp();
    if (state !== 'fetching') return;
    void updater.pauseQuietly().then((waits) => waits && this.#putOff(waits, progress.version));
  }
}
