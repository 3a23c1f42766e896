/**
 * Of the neighbours that are themselves getting what is wanted a few, what each said that it has, and whose it is to ask the
 * server for what none of them has. Without any I/O: `piece-maps.ts` asks them over HTTP, the simulator in virtual time.
 */
import { hasPiece, pieceMapBytes } from '../core/piece-map.ts';
import type { Clock, Sha256, Source } from '../core/ports.ts';
import { isOursToAsk } from '../core/server-share.ts';

export interface PartnerBookOptions<One> {
  /** What the bits of a map stand for; absent while the manifest itself is what is wanted: then everybody may have it. */
  readonly pieces?: readonly Sha256[];
  /** Who is getting it now. */
  readonly partial: () => readonly One[];
  /** Our own id. */
  readonly own: string;
  /** Ids of those who want what is wanted here; absent: those who are getting it. */
  readonly rivals?: () => readonly string[];
  readonly clock: Clock;
  /** 0 ≤ x < 1; absent: Math.random. */
  readonly random?: () => number;
}

/** With so many partners each, thirty laptops are one net, and any two are two steps apart. */
const MOST_PARTNERS = 8;
/** A partner is asked for its map this often, a quarter more or less. */
export const ASK_MS = 1000;
/** Who is near is looked through this often. */
const REFRESH_MS = 500;
/** One of the partners makes room for another this often. */
const LEAVE_MS = 5000;
/** Without maps, whoever did not have it a moment ago may have it by now. */
const MISSED_MS = 1000;
/** Who could not be connected to is left out for so long: some networks let laptops hear each other and nothing more. */
const UNREACHED_MS = 30_000;
/** Who got nothing for so long no longer waits for laptops that say that they have it. */
const PATIENCE_MS = 30_000;
const NOTHING = new Uint8Array(0);

interface Partner<One> {
  readonly source: One;
  map: Uint8Array;
  /** Until when it is not asked for it again, monotonic. */
  readonly missed: Map<Sha256, number>;
  askAtMs: number;
}

export class PartnerBook<One extends Pick<Source, 'id'> = Source> {
  readonly #options: PartnerBookOptions<One>;
  readonly #partners = new Map<string, Partner<One>>();
  readonly #indexOf: ReadonlyMap<Sha256, number>;
  readonly #random: () => number;
  /** Until when, monotonic, by id. */
  readonly #unreached = new Map<string, number>();
  #rivals: readonly string[] = [];
  #sources: readonly One[] = [];
  #refreshAtMs = Number.NEGATIVE_INFINITY;
  #leaveAtMs = Number.NEGATIVE_INFINITY;
  /** What a partner or we had once: a piece that is not in it, in a map, is new to us all. */
  readonly #seen: Uint8Array;
  #grewAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PartnerBookOptions<One>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#indexOf = new Map(options.pieces?.map((sha256, index) => [sha256, index]));
    this.#seen = new Uint8Array(pieceMapBytes(options.pieces?.length ?? 0));
  }

  /** The present partners. */
  get sources(): readonly One[] {
    return this.#sources;
  }

  /** Replaces partners that left by others, when that is due. Answers those that are to be asked for their map now. */
  lookAround(): readonly One[] {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#refreshAtMs) return [];
    this.#refreshAtMs = now + REFRESH_MS;
    for (const [id, untilMs] of this.#unreached) if (now >= untilMs) this.#unreached.delete(id);
    const all = this.#reached(this.#options.partial(), ({ id }) => id);
    const rivals = this.#options.rivals?.();
    this.#rivals = rivals ? this.#reached(rivals, (id) => id) : all.map(({ id }) => id);
    this.#choosePartners(all);
    const due: One[] = [];
    for (const partner of this.#partners.values()) {
      if (now < partner.askAtMs) continue;
      partner.askAtMs = now + ASK_MS * (0.75 + this.#random() / 2);
      // Who did not have the manifest yet may have it by now; else a class would ask the server for each copy of a long one.
      if (!this.#options.pieces) partner.missed.clear();
      else due.push(partner.source);
    }
    if (this.#isChanged()) this.#sources = [...this.#partners.values()].map(({ source }) => source);
    return due;
  }

  #reached<Any>(some: readonly Any[], idOf: (one: Any) => string): readonly Any[] {
    return this.#unreached.size === 0 ? some : some.filter((one) => !this.#unreached.has(idOf(one)));
  }

  /** Who began late is nobody's partner, and may be the one that asked the server for a piece. */
  #leaveOne(): void {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#leaveAtMs) return;
    this.#leaveAtMs = now + LEAVE_MS * (0.75 + this.#random() / 2);
    const [id] = [...this.#partners.keys()].slice(Math.floor(this.#random() * MOST_PARTNERS));
    if (id !== undefined) this.#partners.delete(id);
  }

  #isChanged(): boolean {
    return (
      this.#sources.length !== this.#partners.size ||
      this.#sources.some((source) => this.#partners.get(source.id)?.source !== source)
    );
  }

  #choosePartners(all: readonly One[]): void {
    for (const [id, { source }] of this.#partners) if (!all.includes(source)) this.#partners.delete(id);
    if (this.#partners.size === MOST_PARTNERS && all.length > MOST_PARTNERS) this.#leaveOne();
    if (this.#partners.size >= Math.min(MOST_PARTNERS, all.length)) return;
    const others = all.filter(({ id }) => !this.#partners.has(id));
    while (this.#partners.size < MOST_PARTNERS && others.length > 0) {
      const at = Math.floor(this.#random() * others.length);
      const [source, last] = [others[at], others.pop()];
      if (!source || !last) break;
      if (at < others.length) others[at] = last;
      this.#partners.set(source.id, { source, map: NOTHING, missed: new Map(), askAtMs: 0 });
    }
  }

  /** What it said; `undefined`: nothing, and it is asked for blobs no more until it tells again what it has. */
  told(source: One, map: Uint8Array | undefined): void {
    const partner = this.#partners.get(source.id);
    if (partner?.source === source) partner.map = map ?? NOTHING;
    for (const [index, bits] of (map ?? NOTHING).entries()) {
      const seen = this.#seen[index] ?? 0;
      if ((bits & ~seen) === 0) continue;
      this.#seen[index] = seen | bits;
      this.#grewAtMs = this.#options.clock.monotonicMs();
    }
  }

  /** It could not be connected to: for a while nothing is left to it that it might get. */
  unreached({ id }: One): void {
    this.#unreached.set(id, this.#options.clock.monotonicMs() + UNREACHED_MS);
  }

  /** It is here. */
  got(sha256: Sha256): void {
    const index = this.#indexOf.get(sha256);
    if (index !== undefined) this.#seen[index >> 3] = (this.#seen[index >> 3] ?? 0) | (1 << (index & 7));
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
}
