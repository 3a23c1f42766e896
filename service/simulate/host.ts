/** A laptop or the school server as one that gives: what it has, and how many it gives to at once. */
import type { Source } from '../core/ports.ts';
import { type TokenBucket, takeTokens, tokenBucket } from '../core/token-bucket.ts';
import type { Shared } from './flows.ts';
import type { Spot } from './world.ts';

/** As the HTTP side cuts what it sends. */
const PIECE_BYTES = 64 * 1024;

export interface HostOptions {
  readonly id: string;
  readonly kind: Extract<Source['kind'], 'peer' | 'school'>;
  readonly slots: number;
  /** What a 503 says. */
  readonly retryAfterMs: number;
  readonly link: Shared;
  readonly pieces: number;
  /** 0: no cap. */
  readonly rateBytesPerSecond: number;
}

export class Host {
  readonly id: string;
  readonly kind: HostOptions['kind'];
  readonly retryAfterMs: number;
  readonly link: Shared;
  /** Undefined: asleep or away. The server has none: who reaches it is said by the place. */
  spot: Spot | undefined;
  /** It has all of it, checked and written. */
  hasWhole = false;
  hasBundle = false;
  hasManifest = false;
  /** It tells which pieces it has while it gets them. */
  isGetting = false;
  readonly has: Uint8Array;
  givenBytes = 0;
  readonly #slots: number;
  #taken = 0;
  #bucket: TokenBucket | undefined;

  constructor(options: HostOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.link = options.link;
    this.has = new Uint8Array(options.pieces);
    this.#slots = options.slots;
    if (options.rateBytesPerSecond > 0) this.#bucket = tokenBucket(options.rateBytesPerSecond, 0, PIECE_BYTES);
  }

  /** False: all slots are taken. Whoever took one leaves it. */
  takeSlot(): boolean {
    if (this.#taken >= this.#slots) return false;
    this.#taken += 1;
    return true;
  }
  leaveSlot(): void {
    this.#taken -= 1;
  }

  /** Milliseconds before so many bytes may be sent, by the cap. */
  waitMs(nowMs: number, bytes: number): number {
    if (!this.#bucket) return 0;
    const { bucket, waitMs } = takeTokens(this.#bucket, nowMs, bytes);
    this.#bucket = bucket;
    return waitMs;
  }

  fill(): void {
    this.has.fill(1);
    this.hasManifest = true;
    this.hasWhole = true;
    this.isGetting = false;
  }
}
