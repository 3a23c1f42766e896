/** Who is near, and telling them of us: the `Discovery` port over avahi-daemon or our own mDNS, with liveness. */
import { networkInterfaces } from 'node:os';
import { RippleError } from '../api/errors.ts';
import type { Announcement, Clock, Discovery, Logger, Neighbour } from '../core/ports.ts';
import { Announcer } from './announcer.ts';
import { AvahiBackend } from './avahi.ts';
import type { Backend, BackendEvents, Service } from './backend.ts';
import { BonjourBackend } from './bonjour.ts';
import { linksOf } from './network.ts';
import { Presence } from './presence.ts';
import { Timers } from './timers.ts';
import { formatTxt } from './txt.ts';

/** Where only avahi-daemon is wanted and it went away, it is looked for this often. */
const RETRY_AVAHI_MS = 30_000;

export interface DiscoveryOptions {
  /** `auto`: avahi-daemon if there is one, else our own mDNS; `none`: alone. */
  readonly kind: 'auto' | 'avahi' | 'bonjour' | 'none';
  /** IPv4 addresses of this machine to use; every one that is not internal when left out or empty. */
  readonly interfaces?: readonly string[] | undefined;
  readonly systemBusAddress?: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Discovery that can be asked about one neighbour. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const interfaces = options.interfaces?.length ? options.interfaces : undefined;
  return new NeighbourDiscovery({ ...options, interfaces });
}

class NeighbourDiscovery implements Discovery {
  readonly #options: DiscoveryOptions;
  readonly #listeners: (() => void)[] = [];
  readonly #retry = new Timers();
  #presence: Presence | undefined;
  #announcer: Announcer | undefined;
  #backend: Backend | undefined;
  #stopped = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /**
   * Rejects with `RippleError`: `InvalidArgument` if this cannot be announced, `IoError` if only avahi-daemon was
   * wanted and there is none. No network is no error: it may come.
   */
  async start(announcement: Announcement): Promise<void> {
    const { clock, kind } = this.#options;
    const service = serviceOf(announcement);
    this.#presence = new Presence(
      announcement.id,
      clock,
      () => this.#changed(),
      (url) => this.#backend?.lookAgain(url),
    );
    this.#announcer = new Announcer(
      service,
      () => clock.monotonicMs(),
      (wanted) => this.#backend?.update(wanted),
    );
    if (kind === 'none') return;
    if (kind !== 'bonjour' && (await this.#startAvahi(service))) return;
    if (kind === 'avahi') {
      await this.stop();
      throw new RippleError('IoError', 'avahi-daemon does not answer: start it, or set discovery.kind to "auto"');
    }
    await this.#startBonjour(service);
  }

  /** @throws RippleError `InvalidArgument` if this cannot be announced. */
  announce(announcement: Announcement): void {
    this.#announcer?.announce(serviceOf(announcement));
  }

  neighbours(): readonly Neighbour[] {
    return this.#presence?.list() ?? [];
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  refresh(): void {
    this.#backend?.refresh();
  }

  async probe(id: string): Promise<boolean> {
    return (await this.#presence?.probe(id)) ?? false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#announcer?.stop();
    this.#presence?.stop();
    this.#retry.stop();
    const backend = this.#backend;
    this.#backend = undefined;
    await backend?.stop();
  }

  /** Gives whether there is an avahi-daemon that does it. */
  async #startAvahi(service: Service): Promise<boolean> {
    const { interfaces, logger } = this.#options;
    if (interfaces && !avahiCanUse(interfaces)) {
      logger.info(`avahi-daemon cannot be used for ${interfaces.join(', ')} alone`);
      return false;
    }
    const avahi = new AvahiBackend(
      this.#options,
      service,
      this.#events((why) => this.#lostAvahi(why)),
    );
    try {
      await avahi.start(service);
    } catch (error) {
      logger.info(`no avahi-daemon: ${error instanceof Error ? error.message : 'unknown trouble'}`);
      return false;
    }
    await this.#use(avahi, service);
    return true;
  }

  #lostAvahi(why: string): void {
    this.#options.logger.warn(`lost avahi-daemon: ${why}`);
    const service = this.#announcer?.wanted;
    if (!service) return;
    if (this.#options.kind === 'auto') void this.#startBonjour(service);
    else this.#retryAvahi();
  }

  #retryAvahi(): void {
    this.#retry.once('avahi', RETRY_AVAHI_MS, async () => {
      const service = this.#announcer?.wanted;
      if (service && !(await this.#startAvahi(service))) this.#retryAvahi();
    });
  }

  async #startBonjour(service: Service): Promise<void> {
    const bonjour = new BonjourBackend(
      this.#options,
      this.#events(() => {}),
    );
    await bonjour.start(service);
    await this.#use(bonjour, service);
  }

  /** What is wanted may have changed, and all may have ended, while the backend started. */
  async #use(backend: Backend, announced: Service): Promise<void> {
    if (this.#stopped) {
      await backend.stop();
      return;
    }
    this.#backend = backend;
    const wanted = this.#announcer?.wanted;
    if (wanted && wanted !== announced) backend.update(wanted);
  }

  #events(lost: (why: string) => void): BackendEvents {
    return {
      sighted: (strings, url) => this.#presence?.sighted(strings, url),
      listed: (strings, url) => this.#presence?.listed(strings, url),
      doubted: (url) => this.#presence?.doubted(url),
      lost: (why) => {
        this.#backend = undefined;
        if (!this.#stopped) lost(why);
      },
    };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** It takes interfaces that are there already, and laptops on the loopback interface do not find each other by it. */
function avahiCanUse(interfaces: readonly string[]): boolean {
  const links = linksOf(networkInterfaces(), interfaces);
  return links.length > 0 && links.every(({ addresses }) => !addresses.some((address) => address.startsWith('127.')));
}

/** @throws RippleError `InvalidArgument` if it cannot be announced. */
function serviceOf({ port, ...record }: Announcement): Service {
  formatTxt(record);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new RippleError('InvalidArgument', `cannot announce port ${port}`);
  return { record, port };
}
