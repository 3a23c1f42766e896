/** What the parts of one simulation share: time, flows, who is there, and how bytes go from one to another. */
import { createHash } from 'node:crypto';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import type { Links, Machine, Policy, Update } from './figures.ts';
import { type Flow, Flows, type Through } from './flows.ts';
import type { Host } from './host.ts';
import { type Near, Neighbourhood, NOBODY } from './neighbourhood.ts';
import type { Random } from './random.ts';
import { Refused } from './refused.ts';
import type { Shared } from './shared.ts';
import { VirtualTime } from './virtual-time.ts';
import { hear } from './world.ts';

export interface SceneOptions {
  readonly policy: Policy;
  readonly update: Update;
  /** Bytes of each piece; together the update's changed bytes. */
  readonly pieces: readonly number[];
  readonly links: Links;
  readonly machine: Machine;
  readonly random: Random;
  readonly severity: 'normal' | 'critical';
  /** Flows that begin or end within so many seconds are reckoned together, and nobody looks up more often. */
  readonly quantumSeconds: number;
}

export interface Transfer {
  readonly from: Host;
  readonly to: Host;
  readonly bytes: number;
  /** A piece or the manifest, by its hash; or something whole. */
  readonly what: Sha256 | 'bundle' | 'tree';
  readonly done: () => void;
  /** One of the two went away. */
  readonly broke: () => void;
}

export interface Sending {
  readonly cameBytes: () => number;
}

/** It began, and is not over. */
export interface Running extends Transfer {
  readonly flow: Flow;
}

/** No content of the tree has this name. */
const MANIFEST = 'f'.repeat(64);

export class Scene {
  readonly options: SceneOptions;
  readonly time = new VirtualTime();
  readonly flows: Flows;
  readonly neighbourhood: Neighbourhood;
  readonly server: Host;
  readonly onlyServer: Near;
  takenBytes = 0;
  /** Each piece as a blob: a name made of nothing but its number, spread over all names. */
  readonly refs: readonly BlobRef[];
  readonly names: readonly Sha256[];
  readonly manifest: BlobRef;
  readonly #indexOf: ReadonlyMap<Sha256, number>;
  readonly #running = new Map<Host, Set<Running>>();
  readonly #refused = new Map<Host, Refused>();

  constructor(options: SceneOptions, server: Host) {
    this.options = options;
    this.server = server;
    this.onlyServer = { ...NOBODY, sources: [server] };
    this.neighbourhood = new Neighbourhood(server);
    this.flows = new Flows(() => this.time.nowMs / 1000, options.quantumSeconds);
    this.refs = options.pieces.map((sizeBytes, index) => ({ sha256: nameOf(index), sizeBytes }));
    this.names = this.refs.map(({ sha256 }) => sha256);
    this.manifest = { sha256: MANIFEST, sizeBytes: options.update.manifestBytes };
    this.#indexOf = new Map(this.names.map((sha256, index) => [sha256, index]));
  }

  /** It opens, closes or walks; what it gave or took breaks unless both are still in one place. */
  move(host: Host, spot: Host['spot']): void {
    this.neighbourhood.move(host, spot);
    for (const running of [...(this.#running.get(host) ?? [])])
      if (!this.canHear(running.from, running.to)) this.#end(running, () => running.broke());
  }

  /** What is on its way now. */
  *sendings(): Iterable<Running> {
    for (const [host, some] of this.#running) for (const running of some) if (running.to === host) yield running;
  }

  /** It takes no more of what is on its way to it. */
  breakOff(to: Host): void {
    for (const running of [...(this.#running.get(to) ?? [])])
      if (running.to === to) this.#end(running, () => running.broke());
  }

  indexOf(sha256: Sha256): number {
    return this.#indexOf.get(sha256) ?? -1;
  }
  isManifest(sha256: Sha256): boolean {
    return sha256 === MANIFEST;
  }
  holds(host: Host, sha256: Sha256): boolean {
    return this.isManifest(sha256) ? host.hasManifest : host.has(this.indexOf(sha256));
  }

  canHear(a: Host, b: Host): boolean {
    if (a === this.server) return b.spot?.place.reachesServer === true;
    if (b === this.server) return a.spot?.place.reachesServer === true;
    return a.spot !== undefined && b.spot !== undefined && hear(a.spot, b.spot);
  }

  /** Bytes through links, air and processors. The giver's slot is the caller's business. */
  send(transfer: Transfer): Sending {
    const { from, to, bytes } = transfer;
    let flow: Flow | undefined;
    const begin = (): void => {
      if (!this.canHear(from, to)) {
        transfer.broke();
        return;
      }
      flow = this.flows.start({
        amount: bytes,
        through: this.#way(from, to, bytes),
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
    this.time.in(this.options.links.requestSeconds * 1000 + from.waitMs(this.time.nowMs, bytes), begin);
    return { cameBytes: () => (flow ? this.flows.came(flow) : 0) };
  }

  /** Who waits for a slot of this host. */
  refusedBy(host: Host): Refused {
    const known = this.#refused.get(host) ?? new Refused(host, this.time);
    this.#refused.set(host, known);
    return known;
  }

  /** One of the two is called: when a slot is the caller's, or when it is told that all are taken. */
  takeSlot(host: Host, granted: () => void, refused: () => void): void {
    if (host.takeSlot()) {
      granted();
      return;
    }
    const mostMs = host.standInLine(granted);
    if (mostMs === undefined) this.time.in(this.options.links.requestSeconds * 1000, refused);
    else
      this.time.in(mostMs, () => {
        if (host.leaveLine(granted)) refused();
      });
  }

  leaveSlot(host: Host): void {
    host.leaveSlot();
    this.#refused.get(host)?.freed();
  }

  /** Work of the laptop's processor, which does one thing at a time. */
  work(host: Host, seconds: number, done: () => void): void {
    this.flows.start({
      amount: seconds,
      through: [{ shared: host.processor, weight: 1 }],
      most: 1,
      came: () => {},
      done,
    });
  }

  /** Work that goes on beside, so much a second at most, until what is answered is called. */
  workBeside(host: Host, perSecond: number): () => void {
    if (perSecond <= 0) return () => {};
    const through = [{ shared: host.processor, weight: 1 }];
    const flow = this.flows.start({
      ...{ amount: Number.MAX_SAFE_INTEGER, through, most: perSecond },
      came: () => {},
      done: () => {},
    });
    return () => this.flows.cut(flow);
  }

  #way(from: Host, to: Host, bytes: number): readonly Through[] {
    const { giveSecondsPerMegabyte, takeSecondsPerMegabyte, requestSeconds } = this.options.machine;
    const weights = new Map<Shared, number>([
      [from.link, 1],
      [to.link, 1],
    ]);
    const add = (shared: Shared | undefined, weight: number): void => {
      if (shared && weight > 0) weights.set(shared, (weights.get(shared) ?? 0) + weight);
    };
    add(from.processor, giveSecondsPerMegabyte / 1e6 + requestSeconds / bytes);
    add(to.processor, takeSecondsPerMegabyte / 1e6 + requestSeconds / bytes);
    add(to.spot?.place.airAt(to.spot), 1);
    // An access point sends what it got.
    if (from.spot && to.spot?.place.hops === 2) add(from.spot.place.airAt(from.spot), 1);
    return [...weights].map(([shared, weight]) => ({ shared, weight }));
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
