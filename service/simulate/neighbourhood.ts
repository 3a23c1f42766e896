/** Who hears whom now. Kept as a list for each laptop, which changes only where somebody opens, closes or walks. */
import type { Host } from './host.ts';
import { hear, type Place } from './world.ts';

/** Of those near, who has what. Never changed: a new one is made when something is new. */
export interface Near {
  readonly whole: readonly Host[];
  /** These, and the server where it is heard. */
  readonly sources: readonly Host[];
  readonly getting: readonly Host[];
  readonly gettingIds: readonly string[];
  /** All who do not have the whole, those who get it too. */
  readonly lackingIds: readonly string[];
}

export const NOBODY: Near = { whole: [], sources: [], getting: [], gettingIds: [], lackingIds: [] };

export class Neighbourhood {
  readonly #server: Host;
  readonly #at = new Map<Place, Set<Host>>();
  readonly #near = new Map<Host, Set<Host>>();
  /** As of the last question; absent: something is new. */
  readonly #known = new Map<Host, Near>();

  constructor(server: Host) {
    this.#server = server;
  }

  /** It opens there; `undefined`: it closes. Who hears it, and who heard it, has to look anew. */
  move(host: Host, spot: Host['spot']): void {
    for (const other of this.near(host)) {
      this.#near.get(other)?.delete(host);
      this.#known.delete(other);
    }
    if (host.spot) this.#at.get(host.spot.place)?.delete(host);
    this.#known.delete(host);
    this.#near.delete(host);
    host.spot = spot;
    if (!spot) return;
    const here = this.#at.get(spot.place) ?? new Set();
    const near = new Set<Host>();
    for (const other of here) {
      if (!other.spot || !hear(spot, other.spot)) continue;
      near.add(other);
      this.#near.get(other)?.add(host);
      this.#known.delete(other);
    }
    this.#near.set(host, near);
    this.#at.set(spot.place, here.add(host));
  }

  /** The server is not among them. */
  near(host: Host): ReadonlySet<Host> {
    return this.#near.get(host) ?? new Set();
  }

  /** What it has is another than before: those near are to be told. */
  changed(host: Host): void {
    for (const other of this.near(host)) this.#known.delete(other);
  }

  of(host: Host): Near {
    const near = this.#near.get(host);
    if (!near) return NOBODY;
    const known = this.#known.get(host) ?? sorted(near, host.spot?.place.reachesServer ? [this.#server] : []);
    this.#known.set(host, known);
    return known;
  }
}

function sorted(near: ReadonlySet<Host>, servers: readonly Host[]): Near {
  const whole: Host[] = [];
  const getting: Host[] = [];
  const gettingIds: string[] = [];
  const lackingIds: string[] = [];
  for (const host of near) {
    if (host.standing === 'whole') {
      whole.push(host);
      continue;
    }
    lackingIds.push(host.id);
    if (host.standing !== 'getting') continue;
    getting.push(host);
    gettingIds.push(host.id);
  }
  return { whole, sources: [...whole, ...servers], getting, gettingIds, lackingIds };
}
