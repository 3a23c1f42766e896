/** Neighbours that are getting it as well, asked in virtual time for what they have, when `fetch/partner-book.ts` says. */
import { ASK_MS, PartnerBook } from '../fetch/partner-book.ts';
import type { Host } from './host.ts';
import type { Scene } from './scene.ts';

export interface SimPartnersOptions {
  readonly self: Host;
  readonly scene: Scene;
  /** Without maps: the manifest is what is wanted, and whoever gets the version may have it. */
  readonly isManifest: boolean;
  readonly partial: () => readonly Host[];
  readonly rivals: () => readonly string[];
  /** Something is new of a partner: look again within so many milliseconds. */
  readonly wake: (ms: number) => void;
}

export class SimPartners extends PartnerBook<Host> {
  readonly #scene: Scene;
  readonly #self: Host;
  readonly #isManifest: boolean;
  readonly #wake: SimPartnersOptions['wake'];
  /** Of those that are listened to, who got something since it was asked. */
  readonly #news = new Map<Host, boolean>();
  /** What the questions of each second cost, theirs to us too. */
  #asking: { readonly partners: number; readonly stop: () => void } | undefined;
  readonly #listener = (host: Host): void => {
    this.#news.set(host, true);
    this.#wake(this.#scene.options.random.next() * ASK_MS);
  };

  constructor({ self, scene, isManifest, partial, rivals, wake }: SimPartnersOptions) {
    super({
      ...(isManifest ? {} : { pieces: scene.names }),
      own: self.id,
      partial,
      rivals,
      clock: scene.time.clock,
      random: () => scene.options.random.next(),
    });
    this.#scene = scene;
    this.#self = self;
    this.#isManifest = isManifest;
    this.#wake = wake;
  }

  /** The partners. The daemon asks each for its map every second; here only one whose map is another than it was. */
  refresh(): readonly Host[] {
    const due = this.lookAround();
    this.#listenTo(this.sources);
    if (this.#asking?.partners !== this.sources.length) this.#ask(this.sources.length);
    for (const host of due) {
      if (this.#news.get(host) !== true) continue;
      this.#news.set(host, false);
      this.#scene.time.in(this.#scene.options.links.requestSeconds * 1000, () => this.#hear(host));
    }
    // Whoever just said that it has no manifest is asked again a little later.
    if (this.#isManifest)
      for (const [host, isNew] of this.#news)
        if (isNew && this.has(host.id, this.#scene.manifest.sha256)) this.#news.set(host, false);
    if ([...this.#news.values()].includes(true)) this.#wake(ASK_MS / 2);
    return this.sources;
  }

  #hear(host: Host): void {
    const { map } = host;
    this.told(host, map);
    if (this.#self.lacksOf(map)) this.#wake(0);
  }

  stop(): void {
    this.#listenTo([]);
    this.#asking?.stop();
  }

  #ask(partners: number): void {
    const { machine } = this.#scene.options;
    this.#asking?.stop();
    const perSecond = (2 * partners * machine.requestSeconds * 1000) / ASK_MS;
    this.#asking = { partners, stop: this.#scene.workBeside(this.#self, perSecond) };
  }

  #listenTo(hosts: readonly Host[]): void {
    for (const host of this.#news.keys()) {
      if (hosts.includes(host)) continue;
      this.#news.delete(host);
      host.listeners.delete(this.#listener);
    }
    for (const host of hosts) {
      if (this.#news.has(host)) continue;
      this.#news.set(host, true);
      host.listeners.add(this.#listener);
    }
  }
}
