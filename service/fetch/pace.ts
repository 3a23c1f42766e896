/** A cap on what comes in, over all connections together. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type TokenBucket, takeTokens, tokenBucket } from '../core/token-bucket.ts';

const MIN_BURST_BYTES = 64 * 1024;

export class Pace {
  readonly rateBytesPerSecond: number;
  #bucket: TokenBucket;

  constructor(rateBytesPerSecond: number) {
    this.rateBytesPerSecond = rateBytesPerSecond;
    this.#bucket = tokenBucket(rateBytesPerSecond, performance.now(), MIN_BURST_BYTES);
  }

  /** To be awaited after so many bytes came, before more are taken. Never rejects; ends early with `signal`. */
  async took(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const { bucket, waitMs } = takeTokens(this.#bucket, performance.now(), bytes);
    this.#bucket = bucket;
    if (waitMs > 0)
      await sleep(waitMs, undefined, { ref: false, ...(signal ? { signal } : {}) }).catch(() => undefined);
  }
}
