/** Neighbours that are getting it as well, and what each told of its pieces: as `fetch/piece-maps.ts` asks them, in virtual time. */
import { isOursToAsk } from '../core/server-share.ts';
import type { Partners } from '../fetch/source-table.ts';
import type { Host } from './host.ts';
import type { Scene } from './scene.ts';

/** Those of `fetch/piece-maps.ts`. */
const MOST_PARTNERS = 8;
const ASK_MS = 1000;
const REFRESH_MS = 500;
/** A divisor of the time after which others' pieces are taken over. */
const STAGE_MS = 1000;

interface Partner {
  readonly host: Host;
  map: Uint8Array | undefined;
  readonly missed: Set<string>;
  askAtMs: number;
}

export interface SimPartnersOptions {
  readonly self: Host;
  readonly scene: Scene;
  /** Without maps: the manifest is what is wanted, and whoever gets the version may have it. */
  readonly isManifest: boolean;
  readonly partial: () => readonly Host[];
  readonly rivals: () => readonly Host[];
}

export class SimPartners implements Partners {
  readonly #options: SimPartnersOptions;
  readonly #partners = new Map<string, Partner>();
  #rivals: readonly string[] = [];
  readonly #ours = new Map<string, boolean>();
  #stage = -1;
  #refreshAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SimPartnersOptions) {
    this.#options = options;
  }

  refresh(): readonly Host[] {
    const { scene, partial, rivals, isManifest } = this.#options;
    const { time, options } = scene;
    if (time.nowMs >= this.#refreshAtMs) {
      this.#refreshAtMs = time.nowMs + REFRESH_MS;
      const all = partial();
      const ids = rivals().map(({ id }) => id);
      if (ids.length !== this.#rivals.length || ids.some((id, index) => id !== this.#rivals[index])) this.#ours.clear();
      this.#rivals = ids;
      const present = new Set(all);
      for (const [id, { host }] of this.#partners) if (!present.has(host)) this.#partners.delete(id);
      const others = all.filter(({ id }) => !this.#partners.has(id));
      while (this.#partners.size < MOST_PARTNERS && others.length > 0) {
        const [host] = others.splice(options.random.integer(others.length), 1);
        if (host) this.#partners.set(host.id, { host, map: undefined, missed: new Set(), askAtMs: 0 });
      }
      for (const partner of this.#partners.values()) {
        if (time.nowMs < partner.askAtMs) continue;
        partner.askAtMs = time.nowMs + ASK_MS * options.random.between(0.75, 1.25);
        if (isManifest) {
          partner.missed.clear();
          continue;
        }
        time.in(options.links.requestSeconds * 1000, () => {
          partner.map = Uint8Array.from(partner.host.has);
        });
      }
    }
    return [...this.#partners.values()].map(({ host }) => host);
  }

  get isCrowd(): boolean {
    return this.#rivals.length > 0;
  }
  isOursToAsk(sha256: string, starvedMs: number): boolean {
    // Of the same rivals the same is answered for a while; each is asked some hundred times in it.
    const stage = Math.floor(starvedMs / STAGE_MS);
    if (stage !== this.#stage) this.#ours.clear();
    this.#stage = stage;
    const known = this.#ours.get(sha256);
    if (known !== undefined) return known;
    const isOurs = isOursToAsk(this.#options.self.id, this.#rivals, sha256, starvedMs);
    this.#ours.set(sha256, isOurs);
    return isOurs;
  }
  isPartner(id: string): boolean {
    return this.#partners.has(id);
  }
  has(id: string, sha256: string): boolean {
    const partner = this.#partners.get(id);
    if (!partner || partner.missed.has(sha256)) return false;
    return this.#options.isManifest || partner.map?.[this.#options.scene.indexOf(sha256)] === 1;
  }
  missed(id: string, sha256: string): void {
    this.#partners.get(id)?.missed.add(sha256);
  }
}
