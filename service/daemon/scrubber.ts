/**
 * Reads every file of every version again, slowly and only while nothing else is to be done, and mends what went bad: a
 * disk forgets, and the version to go back to is not noticed to be damaged until it is needed.
 */
import { readFileSync } from 'node:fs';
import { asRippleError } from '../api/errors.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Layout } from '../deploy/layout.ts';
import { Pace } from '../deploy/pace.ts';
import { type Damage, TreeCheck } from '../deploy/verify.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Memory } from './memory.ts';
import type { Switcher } from './switcher.ts';

export interface ScrubberOptions {
  readonly layout: Layout;
  readonly switcher: Pick<Switcher, 'facts' | 'deployment'>;
  readonly memory: Memory;
  /** Bytes read in a second at most; 0: nothing is read. */
  readonly rateBytesPerSecond: number;
  /** Days after a whole round until the next begins. */
  readonly days: number;
  /** Nothing else is to be done just now. */
  readonly isFree: () => boolean;
  /** Rejects when it cannot be mended; false when something else came between. */
  readonly mend: (version: number, damaged: readonly Damage[]) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOOK_MS = 60_000;
const ASK_EVERY_MS = 1000;
const SAVE_EVERY_MS = 30_000;
const DAY_SECONDS = 24 * 3600;

export class Scrubber {
  readonly #options: ScrubberOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #wasFree = false;
  #savedMs = 0;

  constructor(options: ScrubberOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.rateBytesPerSecond === 0) return;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Notes where it is and resolves when nothing is read any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  /** Goes on if it is time for it; resolves when it has to wait again. One at a time. */
  look(): Promise<void> {
    this.#running ??= this.#go()
      .catch((error: unknown) => {
        this.#options.logger.warn('reading all files again', { message: asRippleError(error).message });
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #go(): Promise<void> {
    const { memory, switcher } = this.#options;
    if (!this.#isDue()) return;
    while (this.#mayGoOn()) {
      const at = memory.state.scrub;
      // Rising, and versions may come and go meanwhile: on with the one it was at, or the next.
      const version = switcher.facts().local.find((one) => one >= (at?.version ?? 0));
      if (version === undefined) return this.#endRound();
      if (!(await this.#tree(version, at?.version === version ? at.path : '.'))) return;
      memory.update({ scrub: { version: version + 1, path: '.' } });
    }
  }

  /** False: interrupted. */
  async #tree(version: number, from: string): Promise<boolean> {
    const { layout, switcher, rateBytesPerSecond } = this.#options;
    const deployment = switcher.deployment(version);
    const entries = parseManifest(readFileSync(layout.manifest(deployment)));
    const { signal } = this.#stopping;
    const pace = new Pace(signal);
    const check = new TreeCheck(layout.deployment(deployment), entries, { rateBytesPerSecond, signal }, pace);
    const begin = Math.max(
      0,
      entries.findIndex(({ path }) => path === from),
    );
    check.startAt(begin);
    for (const entry of entries.slice(begin)) {
      if (!this.#mayGoOn()) return this.#interrupted(version, entry.path);
      let reason: Damage['reason'] | undefined;
      try {
        reason = await check.entry(entry);
      } catch (error) {
        if (signal.aborted) return this.#interrupted(version, entry.path);
        throw error;
      }
      if (reason && !(await this.#mend(version, [{ path: entry.path, reason }])))
        return this.#interrupted(version, entry.path);
      if (this.#options.clock.monotonicMs() - this.#savedMs > SAVE_EVERY_MS) this.#save(version, entry.path);
      if (pace.due) await pace.breathe().catch(() => undefined);
    }
    const extras = await check.extras();
    return extras.length === 0 || this.#mend(version, extras);
  }

  /** False: not now. What cannot be mended is told, and found again in the next round. */
  async #mend(version: number, damaged: readonly Damage[]): Promise<boolean> {
    const { logger, switcher, mend } = this.#options;
    // It was removed while it was read.
    if (!switcher.facts().local.includes(version)) return false;
    for (const { path, reason } of damaged) logger.warn('damaged', { version, path, reason });
    try {
      return await mend(version, damaged);
    } catch (error) {
      logger.warn('cannot be mended now', { version, message: asRippleError(error).message });
      return true;
    }
  }

  #endRound(): void {
    const { memory, clock, logger } = this.#options;
    memory.update({ scrub: null, scrubbedAt: Math.floor(clock.wallMs() / 1000) });
    logger.info('read all files again', { versions: this.#options.switcher.facts().local });
  }

  /** In the middle of a round, or long after the last one; a clock that was set back does not stop it for years. */
  #isDue(): boolean {
    const { memory, days, clock } = this.#options;
    const { scrub, scrubbedAt } = memory.state;
    const sinceSeconds = clock.wallMs() / 1000 - scrubbedAt;
    return scrub !== null || sinceSeconds < 0 || sinceSeconds >= days * DAY_SECONDS;
  }

  #mayGoOn(): boolean {
    if (this.#stopping.signal.aborted) return false;
    const now = this.#options.clock.monotonicMs();
    if (now - this.#askedMs >= ASK_EVERY_MS) {
      this.#askedMs = now;
      this.#wasFree = this.#options.isFree();
    }
    return this.#wasFree;
  }

  #interrupted(version: number, path: string): false {
    this.#save(version, path);
    return false;
  }

  #save(version: number, path: string): void {
    this.#savedMs = this.#options.clock.monotonicMs();
    this.#options.memory.update({ scrub: { version, path } });
  }
}
