/** When a school server looks at its upstreams: now and then, and after a failure sooner, but less and less often. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asRippleError } from '../api/errors.ts';
import { type BackoffRange, backoffMs } from '../core/backoff.ts';
import type { Logger, Source } from '../core/ports.ts';

/** What is done with one upstream. */
export interface Mirroring {
  /** True: there is something new to give. @throws RippleError saying why this upstream was no help */
  follow(upstream: Source, signal: AbortSignal): Promise<boolean>;
  /** Whether all that upstreams said so far is here. */
  isWhole(): boolean;
}

export interface UpstreamFollowerOptions {
  readonly upstreams: readonly Source[];
  readonly mirroring: Mirroring;
  /** Mean minutes between looks; 0: only at the start. */
  readonly minutes: number;
  readonly onNews: () => void;
  readonly logger: Logger;
  readonly backoff?: BackoffRange;
}

const BACKOFF: BackoffRange = { firstMs: 5000, mostMs: 60 * 60 * 1000 };
/** A longer timer would go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class UpstreamFollower {
  readonly #options: UpstreamFollowerOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: UpstreamFollowerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Nothing is fetched or written any more when this resolves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { minutes, logger, backoff = BACKOFF } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      failures = (await this.#look()) ? 0 : failures + 1;
      if (failures === 0 && minutes === 0) return;
      const usualMs = minutes * 60_000 * (0.5 + Math.random());
      const waitMs = Math.min(failures > 0 ? backoffMs(failures, backoff, Math.random()) : usualMs, MAX_TIMER_MS);
      if (failures > 0 && !signal.aborted)
        logger.info('asking the upstream again later', { failures, seconds: Math.round(waitMs / 1000) });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** All of them, one after the other: the first may be a cache that is behind, or have only half of a version. */
  async #look(): Promise<boolean> {
    const { upstreams, mirroring, onNews, logger } = this.#options;
    let answers = 0;
    for (const upstream of upstreams) {
      try {
        const isNew = await mirroring.follow(upstream, this.#stop.signal);
        answers += 1;
        if (isNew) onNews();
      } catch (thrown) {
        if (this.#stop.signal.aborted) return false;
        const { code, message } = asRippleError(thrown);
        logger.warn('an upstream was no help', { upstream: upstream.id, code, message });
      }
    }
    return answers > 0 && mirroring.isWhole();
  }
}
