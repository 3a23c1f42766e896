/** A token bucket: bytes may be sent while there are tokens; tokens come back at a steady rate. Pure: time is given. */

export interface TokenBucket {
  readonly ratePerSecond: number;
  /** Most tokens that can be saved up, hence the largest burst. */
  readonly burst: number;
  readonly tokens: number;
  readonly atMs: number;
}

/** A full bucket that holds one second's worth, and never less than `minBurst`. */
export function tokenBucket(ratePerSecond: number, atMs: number, minBurst: number): TokenBucket {
  const burst = Math.max(ratePerSecond, minBurst);
  return { ratePerSecond, burst, tokens: burst, atMs };
}

export interface Taken {
  readonly bucket: TokenBucket;
  /** Milliseconds to wait before what was taken may be sent; 0: now. */
  readonly waitMs: number;
}

/**
 * Takes `amount` tokens, going into debt if need be: whoever takes waits until the debt is paid, and so does everybody
 * after. A clock that stands still or goes back gives no tokens.
 */
export function takeTokens(bucket: TokenBucket, nowMs: number, amount: number): Taken {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const filled = Math.min(bucket.burst, bucket.tokens + (elapsedMs * bucket.ratePerSecond) / 1000);
  const tokens = filled - amount;
  const waitMs = tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / bucket.ratePerSecond);
  return { bucket: { ...bucket, tokens, atMs: Math.max(bucket.atMs, nowMs) }, waitMs };
}
