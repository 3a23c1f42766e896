/** Who is near and where bytes can come from: neighbours that discovery heard, origins from the configuration. */
import type { RippleError } from '../api/errors.ts';
import type { PeerInfo, ProgressInfo } from '../api/model.ts';
import type { Clock, Discovery, Neighbour, Source } from '../core/ports.ts';
import { parseRsyncOrigin } from '../core/rsync-origin.ts';
import { isForgery } from '../core/signature-error.ts';
import { inTurn, requestsAtOnce } from '../core/source-choice.ts';
import { SourceError } from '../core/source-error.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import { HttpSource } from '../fetch/http-source.ts';
import type { Pace } from '../fetch/pace.ts';
import { RsyncSource } from '../fetch/rsync-source.ts';
import type { PluggedSticks } from './plugged-sticks.ts';

export interface SourceBookOptions {
  readonly image: string;
  readonly origins: readonly string[];
  /** Where rsync may write; without it rsync servers are not asked. */
  readonly rsyncFolder?: string;
  readonly discovery: Discovery | undefined;
  /** Absent: there are none. */
  readonly sticks?: PluggedSticks;
  readonly ledger: SourceLedger;
  readonly stallMs: number;
  /** A cap on what all of them give together. */
  readonly pace?: Pace | undefined;
  /** Whether sources of this kind may be asked for the work that is under way; absent: all may. */
  readonly mayAsk?: (kind: Source['kind']) => boolean;
  readonly clock: Clock;
}

const MOST_REQUESTS = 16;
/** Of the versions on a stick the newest are looked at. */
const MOST_OF_STICK = 4;

export class SourceBook {
  readonly #options: SourceBookOptions;
  readonly #origins: readonly Source[];
  readonly #trees: readonly RsyncSource[];
  /** By id and addresses, so that connections are kept and a moved neighbour gets a new source. */
  readonly #peers = new Map<string, Source>();
  /** Given for a while by a program on this machine. */
  #borrowed: Source | undefined;

  constructor(options: SourceBookOptions) {
    this.#options = options;
    const { origins, rsyncFolder, stallMs } = options;
    this.#trees = origins.flatMap((url) => {
      const origin = parseRsyncOrigin(url);
      return origin && rsyncFolder !== undefined ? [new RsyncSource({ origin, workplace: rsyncFolder, stallMs })] : [];
    });
    const web = origins.filter((url) => !parseRsyncOrigin(url));
    this.#origins = web.map((url) => this.#open(url, 'origin', [url]));
  }

  /** One at a time: the next one takes its place. It goes when it no longer answers. */
  borrow(url: string): void {
    this.#borrowed = this.#open(url, 'origin', [url]);
  }

  /** Whom to ask for news: those that announce the newest first, of them those that gave before, then in turns; origins too. */
  toAsk(most: number): readonly Source[] {
    const { ledger } = this.#options;
    // Fresh luck every look, so that a class does not ask the same dozen for ever.
    const turned = [...inTurn(this.#near(), (id) => ledger.isProven(id), Math.random())];
    turned.sort((a, b) => newest(b) - newest(a) || b.getting - a.getting);
    return [...turned.slice(0, most).map((neighbour) => this.#sourceOf(neighbour)), ...this.#others()];
  }

  /** Everybody that may have blobs of `version`. */
  forVersion(version: number): readonly Source[] {
    const peers = this.#near().filter((neighbour) => holds(neighbour, version));
    return [...peers.map((neighbour) => this.#sourceOf(neighbour)), ...this.#others(version)];
  }

  /** How many requests may be out at once, at all of them. */
  get mostRequests(): number {
    return requestsAtOnce(this.#options.pace?.rateBytesPerSecond ?? 0, MOST_REQUESTS);
  }

  /** rsync servers: asked when nobody else answers or has it, for each question to one is a process here. */
  lastResorts(): readonly RsyncSource[] {
    const now = this.#options.clock.monotonicMs();
    const { mayAsk, ledger } = this.#options;
    return this.#trees.filter(({ id, kind }) => mayAsk?.(kind) !== false && !ledger.isBanned(id, now));
  }

  /** A neighbour or a school server that discovery found has it, or it is on a stick, or a program on this machine gives it. */
  isNear(version: number): boolean {
    if (this.#borrowed !== undefined || (this.#options.sticks?.with(version).length ?? 0) > 0) return true;
    return this.#near().some((one) => holds(one, version) || one.getting === version);
  }

  /** Neighbours that are getting `version`, and give what they have of it. */
  getting(version: number): readonly Source[] {
    const getting = this.#near().filter((one) => one.getting === version && !holds(one, version));
    return getting.map((neighbour) => this.#sourceOf(neighbour));
  }

  /** Ids of laptops near that lack `version` and may want it, too. */
  lacking(version: number): readonly string[] {
    const lacking = this.#near().filter((one) => one.role !== 'school' && newest(one) < version);
    return lacking.map(({ id }) => id);
  }

  /** It did not answer as it should: discovery finds out whether it is still there. */
  doubt(id: string): void {
    void this.#options.discovery?.probe(id);
  }

  /**
   * It was no help. A neighbour whose documents cannot be real is not asked again today; a server may only have met the
   * login page of a network, and is asked again.
   */
  blame(source: Source, error: RippleError): void {
    const { ledger, clock } = this.#options;
    const lied = isForgery(error) || (error instanceof SourceError && error.reason === 'lied');
    if (source.kind === 'peer' && lied) ledger.failed(source, 'lied', clock.monotonicMs());
    if (source === this.#borrowed && error instanceof SourceError && error.reason === 'unreachable')
      this.#borrowed = undefined;
    this.doubt(source.id);
  }

  /** How many are near and not asked, because they lied. */
  bannedCount(): number {
    const { discovery, ledger, clock, image, origins } = this.#options;
    const near = (discovery?.neighbours() ?? []).filter((one) => one.alive && one.image === image);
    const now = clock.monotonicMs();
    return [...near.map(({ id }) => id), ...origins].filter((id) => ledger.isBanned(id, now)).length;
  }

  /** Versions a source announces. */
  announcedBy(id: string): readonly number[] {
    const stick = this.#options.sticks?.versions(id);
    if (stick) return stick.slice(-MOST_OF_STICK);
    const neighbour = this.#neighbour(id);
    return neighbour ? [neighbour.version, neighbour.held, neighbour.getting].filter((version) => version > 0) : [];
  }

  /** Who announces an order above this number, the newest first. */
  orderCarriers(above: number): readonly { readonly source: Source; readonly epoch: number }[] {
    return this.#near()
      .filter((neighbour) => neighbour.orderEpoch > above)
      .sort((a, b) => b.orderEpoch - a.orderEpoch)
      .map((neighbour) => ({ source: this.#sourceOf(neighbour), epoch: neighbour.orderEpoch }));
  }

  /** Whether a source that has the release of `version` has its content as well. */
  holds(id: string, version: number): boolean {
    const stick = this.#options.sticks?.versions(id);
    if (stick) return stick.includes(version);
    const neighbour = this.#neighbour(id);
    return neighbour === undefined || holds(neighbour, version);
  }

  /** The newest version that anybody announces. A hint: to look, not to fetch. */
  newestAnnounced(): number {
    return Math.max(0, ...this.#near().map((one) => Math.max(newest(one), one.getting)));
  }

  peers(progress: ProgressInfo): readonly PeerInfo[] {
    const { discovery, ledger, clock, image } = this.#options;
    const now = clock.monotonicMs();
    return (discovery?.neighbours() ?? [])
      .filter((neighbour) => neighbour.image === image)
      .map((neighbour) => ({
        id: neighbour.id,
        name: neighbour.name,
        colours: neighbour.colours,
        role: neighbour.role,
        version: newest(neighbour),
        state: ledger.isBanned(neighbour.id, now)
          ? 'banned'
          : !neighbour.alive
            ? 'away'
            : ['fetching', 'staging'].includes(neighbour.state)
              ? 'getting'
              : 'online',
        givenBytes: progress.fromPeers[neighbour.id] ?? 0,
        lastSeen: Math.floor(neighbour.lastSeenMs / 1000),
      }));
  }

  #near(): readonly Neighbour[] {
    const { discovery, ledger, clock, image } = this.#options;
    const now = clock.monotonicMs();
    return (discovery?.neighbours() ?? []).filter(
      (one) => one.alive && one.image === image && one.urls.length > 0 && !ledger.isBanned(one.id, now),
    );
  }

  #neighbour(id: string): Neighbour | undefined {
    return this.#options.discovery?.neighbours().find((one) => one.id === id);
  }

  /** Sticks, all or those with `version`, and origins. */
  #others(version?: number): readonly Source[] {
    const now = this.#options.clock.monotonicMs();
    const { mayAsk, sticks } = this.#options;
    const plugged = (version === undefined ? sticks?.all : sticks?.with(version)) ?? [];
    const origins = mayAsk && !mayAsk('origin') ? [] : this.#origins;
    // What a program on this machine gives costs nothing.
    const all = [...plugged, ...(this.#borrowed ? [this.#borrowed] : []), ...origins];
    return all.filter((source) => !this.#options.ledger.isBanned(source.id, now));
  }

  #sourceOf(neighbour: Neighbour): Source {
    const key = `${neighbour.id} ${neighbour.role} ${neighbour.urls.join(' ')}`;
    const known = this.#peers.get(key);
    if (known) return known;
    for (const old of this.#peers.keys()) if (old.startsWith(`${neighbour.id} `)) this.#peers.delete(old);
    const source = this.#open(neighbour.id, neighbour.role === 'school' ? 'school' : 'peer', neighbour.urls);
    this.#peers.set(key, source);
    return source;
  }

  #open(id: string, kind: Source['kind'], urls: readonly string[]): Source {
    const { stallMs, pace } = this.#options;
    return new HttpSource({ id, kind, urls, limits: { stallMs }, ...(pace ? { pace } : {}) });
  }
}

function newest(neighbour: Neighbour): number {
  return Math.max(neighbour.version, neighbour.held);
}

/** A laptop has what it runs and what it holds; a school server keeps several versions. */
function holds(neighbour: Neighbour, version: number): boolean {
  return (
    neighbour.version === version ||
    neighbour.held === version ||
    (neighbour.role === 'school' && neighbour.version > version)
  );
}
