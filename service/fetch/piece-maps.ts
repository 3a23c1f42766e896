/** Neighbours that are themselves getting what is wanted: a few of them, and which pieces each said that it has. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasPiece, pieceMapBytes } from '../core/piece-map.ts';
import type { Clock, Sha256, Source } from '../core/ports.ts';
import { isOursToAsk } from '../core/server-share.ts';

export interface PieceMapsOptions {
  readonly manifest: Sha256;
  /** What the bits stand for; absent while the manifest itself is what is wanted: then everybody may have it. */
  readonly pieces?: readonly Sha256[];
  /** Who is getting it now. */
  readonly partial: () => readonly Source[];
  /** Our own id. */
  readonly own: string;
  /** Ids of those who want what is wanted here; absent: those who are getting it. */
  readonly rivals?: () => readonly string[];
  readonly clock: Clock;
}

/** With so many partners each, thirty laptops are one net, and any two are two steps apart. */
const MOST_PARTNERS = 8;
const ASK_MS = 1000;
/** Who is near is looked through this often. */
const REFRESH_MS = 500;
/** Without maps, whoever did not have it a moment ago may have it by now. */
const MISSED_MS = 1000;
/** Who got nothing for so long no longer waits for laptops that say that they have it. */
const PATIENCE_MS = 30_000;
const NOTHING = new Uint8Array(0);

interface Partner {
  readonly source: Source;
  map: Uint8Array;
  /** Until when it is not asked for it again, monotonic. */
  readonly missed: Map<Sha256, number>;
  askAtMs: number;
}

export class PieceMaps {
  readonly #options: PieceMapsOptions;
  readonly #partners = new Map<string, Partner>();
  readonly #indexOf: ReadonlyMap<Sha256, number>;
  /** The questions that are out before the fetch begins. */
  #first: Promise<void>[] = [];
  #rivals: readonly string[] = [];
  #sources: readonly Source[] = [];
  #refreshAtMs = Number.NEGATIVE_INFINITY;
  /** What a partner or we had once: a piece that is not in it, in a map, is new to us all. */
  readonly #seen: Uint8Array;
  #grewAtMs = Number.NEGATIVE_INFINITY;
  readonly #asking = new AbortController();

  constructor(options: PieceMapsOptions) {
    this.#options = options;
    this.#indexOf = new Map(options.pieces?.map((sha256, index) => [sha256, index]));
    this.#seen = new Uint8Array(pieceMapBytes(options.pieces?.length ?? 0));
    setMaxListeners(0, this.#asking.signal);
  }

  /** Hears what the present partners have, but waits no longer than a moment: else the server is asked for what is near. */
  async begin(): Promise<void> {
    this.refresh();
    await Promise.race([Promise.all(this.#first), sleep(ASK_MS, undefined, { ref: false })]);
  }

  /** The partners, after those that left were replaced by others; each is asked for its map when that is due. */
  refresh(): readonly Source[] {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#refreshAtMs) return this.#sources;
    this.#refreshAtMs = now + REFRESH_MS;
    const all = this.#options.partial();
    this.#rivals = this.#options.rivals?.() ?? all.map(({ id }) => id);
    const present = new Map(all.map((source) => [source.id, source]));
    for (const [id, { source }] of this.#partners) if (present.get(id) !== source) this.#partners.delete(id);
    const others = all.filter(({ id }) => !this.#partners.has(id));
    while (this.#partners.size < MOST_PARTNERS && others.length > 0) {
      const [source] = others.splice(Math.floor(Math.random() * others.length), 1);
      if (source) this.#partners.set(source.id, { source, map: NOTHING, missed: new Map(), askAtMs: 0 });
    }
    this.#first = [];
    for (const partner of this.#partners.values()) {
      if (now < partner.askAtMs) continue;
      partner.askAtMs = now + ASK_MS * (0.75 + Math.random() / 2);
      // Who did not have the manifest yet may have it by now; else a class would ask the server for each copy of a long one.
      if (!this.#options.pieces) partner.missed.clear();
      else this.#first.push(this.#ask(partner, this.#options.pieces));
    }
    this.#sources = [...this.#partners.values()].map(({ source }) => source);
    return this.#sources;
  }

  /** Whether others want the same, so that not everybody has to ask the server for everything. */
  get isCrowd(): boolean {
    return this.#rivals.length > 0;
  }

  /**
   * @param starvedMs since anything came to us.
   * @param isNear somebody says that it has the piece; then the others' share of the server is left to them.
   */
  isOursToAsk(sha256: Sha256, starvedMs: number, isNear: boolean): boolean {
    const standingMs = Math.min(starvedMs, this.#options.clock.monotonicMs() - this.#grewAtMs);
    const waits = isNear && starvedMs < PATIENCE_MS;
    return isOursToAsk(this.#options.own, this.#rivals, sha256, waits ? 0 : standingMs);
  }

  /** It is here. */
  got(sha256: Sha256): void {
    const index = this.#indexOf.get(sha256);
    if (index !== undefined) this.#seen[index >> 3] = (this.#seen[index >> 3] ?? 0) | (1 << (index & 7));
  }

  /** Whether this source has only a part, and is to be asked only for what it says that it has. */
  isPartner(id: string): boolean {
    return this.#partners.has(id);
  }

  has(id: string, sha256: Sha256): boolean {
    const partner = this.#partners.get(id);
    if (!partner || (partner.missed.get(sha256) ?? 0) > this.#options.clock.monotonicMs()) return false;
    return !this.#options.pieces || hasPiece(partner.map, this.#indexOf.get(sha256) ?? -1);
  }

  /** It did not have it after all. */
  missed(id: string, sha256: Sha256): void {
    const again = this.#options.pieces ? Number.POSITIVE_INFINITY : this.#options.clock.monotonicMs() + MISSED_MS;
    this.#partners.get(id)?.missed.set(sha256, again);
  }

  /** Nobody is asked any more. */
  stop(): void {
    this.#asking.abort();
  }

  async #ask(partner: Partner, pieces: readonly Sha256[]): Promise<void> {
    try {
      const path = `have/${this.#options.manifest}`;
      const map = await partner.source.readDocument(path, pieceMapBytes(pieces.length), this.#asking.signal);
      partner.map = map ?? NOTHING;
      this.#look(partner.map);
    } catch {
      // It is asked for blobs no more until it tells again what it has; who really left, discovery finds out.
      partner.map = NOTHING;
    }
  }

  /** Whether there is something that none of those asked so far had. */
  #look(map: Uint8Array): void {
    for (const [index, bits] of map.entries()) {
      const seen = this.#seen[index] ?? 0;
      if ((bits & ~seen) === 0) continue;
      this.#seen[index] = seen | bits;
      this.#grewAtMs = this.#options.clock.monotonicMs();
    }
  }
}
