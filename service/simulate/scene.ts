/** What the parts of one simulation share: time, flows, who is there, and how bytes go from one to another. */
import { createHash } from 'node:crypto';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import type { Links, Machine, Policy, Update } from './figures.ts';
import { type Flow, Flows, type Shared, shared } from './flows.ts';
import type { Host } from './host.ts';
import type { Random } from './random.ts';
import { VirtualTime } from './virtual-time.ts';
import { hear, type Place } from './world.ts';

export interface SceneOptions {
  readonly policy: Policy;
  readonly update: Update;
  /** Bytes of each piece; together the update's changed bytes. */
  readonly pieces: readonly number[];
  readonly links: Links;
  readonly machine: Machine;
  readonly random: Random;
  readonly severity: 'normal' | 'critical';
  /** What happens within so many seconds is reckoned together. */
  readonly tickSeconds: number;
}

export interface Transfer {
  readonly from: Host;
  readonly to: Host;
  readonly bytes: number;
  readonly done: () => void;
  /** One of the two went away. */
  readonly broke: () => void;
}

interface Running extends Transfer {
  readonly flow: Flow;
}

/** No content of the tree has this name. */
const MANIFEST = 'f'.repeat(64);

export class Scene {
  readonly options: SceneOptions;
  readonly time = new VirtualTime();
  readonly flows = new Flows();
  readonly server: Host;
  takenBytes = 0;
  /** Each piece as a blob: a name made of nothing but its number, spread over all names. */
  readonly refs: readonly BlobRef[];
  readonly manifest: BlobRef;
  readonly #indexOf: ReadonlyMap<Sha256, number>;
  readonly #cores: Shared | undefined;
  readonly #at = new Map<Place, Set<Host>>();
  readonly #running = new Map<Host, Set<Running>>();

  constructor(options: SceneOptions, server: Host) {
    this.options = options;
    this.server = server;
    this.refs = options.pieces.map((sizeBytes, index) => ({ sha256: nameOf(index), sizeBytes }));
    this.manifest = { sha256: MANIFEST, sizeBytes: options.update.manifestBytes };
    this.#indexOf = new Map(this.refs.map(({ sha256 }, index) => [sha256, index]));
    const { sharedCores } = options.machine;
    if (sharedCores > 0) this.#cores = shared('cores', sharedCores);
  }

  /** It opens, closes or walks; what it gave or took breaks unless both are still in one place. */
  move(host: Host, spot: Host['spot']): void {
    if (host.spot) this.#at.get(host.spot.place)?.delete(host);
    host.spot = spot;
    if (spot) {
      const here = this.#at.get(spot.place) ?? new Set();
      this.#at.set(spot.place, here.add(host));
    }
    for (const running of [...(this.#running.get(host) ?? [])])
      if (!this.canHear(running.from, running.to)) this.#end(running, () => running.broke());
  }

  indexOf(sha256: Sha256): number {
    return this.#indexOf.get(sha256) ?? -1;
  }
  isManifest(sha256: Sha256): boolean {
    return sha256 === MANIFEST;
  }
  holds(host: Host, sha256: Sha256): boolean {
    return this.isManifest(sha256) ? host.hasManifest : host.has[this.indexOf(sha256)] === 1;
  }

  canHear(a: Host, b: Host): boolean {
    if (a === this.server) return b.spot?.place.reachesServer === true;
    if (b === this.server) return a.spot?.place.reachesServer === true;
    return a.spot !== undefined && b.spot !== undefined && hear(a.spot, b.spot);
  }

  /** Neighbours, the server not among them. */
  near(host: Host): readonly Host[] {
    const { spot } = host;
    if (!spot) return [];
    const here = [...(this.#at.get(spot.place) ?? [])];
    return here.filter((other) => other !== host && other.spot && hear(spot, other.spot));
  }

  /** Bytes through links and air. The giver's slot is the caller's business. */
  send(transfer: Transfer): void {
    const { from, to, bytes } = transfer;
    const { requestSeconds } = this.options.links;
    const begin = (): void => {
      if (!this.canHear(from, to)) {
        transfer.broke();
        return;
      }
      const air = to.spot ? [to.spot.place.airAt(to.spot)] : [];
      const hops = from.spot && to.spot && to.spot.place.hops === 2 ? [from.spot.place.airAt(from.spot)] : [];
      const flow = this.flows.start({
        left: bytes,
        through: [from.link, to.link, ...air, ...hops],
        most: Number.MAX_SAFE_INTEGER,
        came: (units) => {
          from.givenBytes += units;
          this.takenBytes += units;
        },
        done: () => this.#end(running, () => transfer.done()),
      });
      const running: Running = { ...transfer, flow };
      for (const host of [from, to]) this.#running.set(host, (this.#running.get(host) ?? new Set()).add(running));
    };
    this.time.in(requestSeconds * 1000 + from.waitMs(this.time.nowMs, bytes), begin);
  }

  /** Work of the laptop's processor. */
  work(seconds: number, done: () => void): void {
    const cores = this.#cores;
    if (!cores) this.time.in(seconds * 1000, done);
    else this.flows.start({ left: seconds, through: [cores], most: 1, came: () => {}, done });
  }

  #end(running: Running, tell: () => void): void {
    for (const host of [running.from, running.to]) this.#running.get(host)?.delete(running);
    this.flows.cut(running.flow);
    tell();
  }
}

function nameOf(index: number): Sha256 {
  return createHash('sha256').update(`piece ${index}`).digest('hex');
}
