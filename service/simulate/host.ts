/** A laptop or the school server as one that gives: what it has, and how many it gives to at once. */
import type { Source } from '../core/ports.ts';
import { type TokenBucket, takeTokens, tokenBucket } from '../core/token-bucket.ts';
import type { WaitingLine } from '../core/waiting-line.ts';
import type { Shared } from './shared.ts';
import type { Spot } from './world.ts';

/** As the HTTP side cuts what it sends. */
const PIECE_BYTES = 64 * 1024;

export interface HostOptions {
  readonly id: string;
  readonly kind: Extract<Source['kind'], 'peer' | 'school'>;
  readonly slots: number;
  /** What a 503 says. */
  readonly retryAfterMs: number;
  /** Absent: who finds all slots taken is refused at once. */
  readonly line?: WaitingLine;
  readonly link: Shared;
  readonly processor: Shared;
  readonly pieces: number;
  /** 0: no cap. */
  readonly rateBytesPerSecond: number;
}

/** `getting`: it tells which pieces it has while it gets them; `whole`: it has all of it, checked and written. */
export type Standing = 'lacking' | 'getting' | 'whole';

export class Host {
  readonly id: string;
  readonly kind: HostOptions['kind'];
  readonly retryAfterMs: number;
  readonly link: Shared;
  readonly processor: Shared;
  /** Undefined: asleep or away. The server has none: who reaches it is said by the place. */
  spot: Spot | undefined;
  standing: Standing = 'lacking';
  hasBundle = false;
  hasManifest = false;
  givenBytes = 0;
  /** Called when it got something. */
  readonly listeners = new Set<(host: Host) => void>();
  readonly #has: Uint8Array;
  readonly #slots: number;
  readonly #line: WaitingLine | undefined;
  /** In order of coming. */
  readonly #waiting = new Set<() => void>();
  #slotsTaken = 0;
  #bucket: TokenBucket | undefined;

  constructor(options: HostOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.link = options.link;
    this.processor = options.processor;
    this.#has = new Uint8Array(Math.ceil(options.pieces / 8));
    this.#slots = options.slots;
    this.#line = options.line;
    if (options.rateBytesPerSecond > 0) this.#bucket = tokenBucket(options.rateBytesPerSecond, 0, PIECE_BYTES);
  }

  /** As a neighbour is told it; see `core/piece-map.ts`. */
  get map(): Uint8Array {
    return Uint8Array.from(this.#has);
  }
  /** Whether somebody with this map has what it does not have. */
  lacksOf(map: Uint8Array): boolean {
    return map.some((bits, index) => (bits & ~(this.#has[index] ?? 0)) !== 0);
  }
  has(piece: number): boolean {
    return (((this.#has[piece >> 3] ?? 0) >> (piece & 7)) & 1) === 1;
  }
  got(piece: number): void {
    this.#has[piece >> 3] = (this.#has[piece >> 3] ?? 0) | (1 << (piece & 7));
    this.#tell();
  }
  gotManifest(): void {
    this.hasManifest = true;
    this.#tell();
  }
  /** All pieces, and the manifest. */
  fill(): void {
    this.#has.fill(0xff);
    this.gotManifest();
  }
  #tell(): void {
    for (const listener of this.listeners) listener(this);
  }

  get hasSlot(): boolean {
    return this.#slotsTaken < this.#slots;
  }

  /** False: all slots are taken. Whoever took one leaves it. */
  takeSlot(): boolean {
    if (!this.hasSlot) return false;
    this.#slotsTaken += 1;
    return true;
  }
  leaveSlot(): void {
    const [next] = this.#waiting;
    if (!next) this.#slotsTaken -= 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
  /** How long `granted` may wait in line for a slot; `undefined`: there is no place. */
  standInLine(granted: () => void): number | undefined {
    if (!this.#line || this.#waiting.size >= this.#line.places) return undefined;
    this.#waiting.add(granted);
    return this.#line.waitMs;
  }
  /** Whether it still stood there. */
  leaveLine(granted: () => void): boolean {
    return this.#waiting.delete(granted);
  }

  /** Milliseconds before so many bytes may be sent, by the cap. */
  waitMs(nowMs: number, bytes: number): number {
    if (!this.#bucket) return 0;
    const { bucket, waitMs } = takeTokens(this.#bucket, nowMs, bytes);
    this.#bucket = bucket;
    return waitMs;
  }
}
