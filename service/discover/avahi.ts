/**
 * mDNS through the machine's avahi-daemon: the first choice where it runs, since one program then speaks mDNS for the
 * whole machine. It may be restarted at any time, and then knows nothing of us.
 */
import { networkInterfaces } from 'node:os';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import type { Logger } from '../core/ports.ts';
import { ANY_INTERFACE, AVAHI, type AvahiCall, avahiCall } from './avahi-call.ts';
import { AvahiItems } from './avahi-items.ts';
import { AvahiPublisher } from './avahi-publisher.ts';
import type { Backend, BackendEvents, Service } from './backend.ts';
import { linksOf } from './network.ts';
import { Timers } from './timers.ts';

const SERVER_RUNNING = 2;
/** How long a daemon that went away may take to come back, e.g. while it is upgraded. */
const GONE_FOR_GOOD_MS = 5_000;
const REFRESH_APART_MS = 10_000;

export interface AvahiOptions {
  /** IPv4 addresses whose interfaces to use; every interface when left out. */
  readonly interfaces?: readonly string[] | undefined;
  /** The usual one when left out. */
  readonly systemBusAddress?: string | undefined;
  readonly logger: Logger;
}

/** What there is while a daemon is there. */
interface Session {
  readonly items: AvahiItems;
  readonly publisher: AvahiPublisher;
}

export class AvahiBackend implements Backend {
  readonly #options: AvahiOptions;
  readonly #events: BackendEvents;
  readonly #timers = new Timers();
  #service: Service;
  #bus: BusConnection | undefined;
  #session: Session | undefined;
  /** The daemon went, and may come back. */
  #away = false;
  /** Steps run one after another, whatever events come in between. */
  #steps: Promise<void> = Promise.resolve();

  /** @param service what is announced first. */
  constructor(options: AvahiOptions, service: Service, events: BackendEvents) {
    this.#options = options;
    this.#service = service;
    this.#events = events;
  }

  /** Rejects with `BusError` when there is no bus, or no avahi-daemon on it. */
  async start(service: Service): Promise<void> {
    this.#service = service;
    const bus = await connectBus(this.#options.systemBusAddress);
    this.#bus = bus;
    try {
      this.#listen(bus);
      await this.#setUp(bus);
    } catch (error) {
      this.#close();
      throw error;
    }
    bus.onClose((error) => this.#lose(error.message));
    bus.watchName(
      AVAHI,
      () => this.#onAppeared(bus),
      () => this.#onVanished(bus),
    );
  }

  update(service: Service): void {
    this.#service = service;
    this.#step(() => this.#session?.publisher.update(this.#service));
  }

  refresh(): void {
    if (this.#timers.has('refreshed')) return;
    this.#timers.once('refreshed', REFRESH_APART_MS, () => {});
    this.#session?.items.relist();
    this.#step(() => this.#session?.items.browse());
  }

  lookAgain(url: string): void {
    this.#session?.items.lookAgain(url);
  }

  async stop(): Promise<void> {
    const bus = this.#bus;
    const publisher = this.#session?.publisher;
    this.#bus = undefined;
    this.#quiet();
    // In words rather than by going away: so the goodbye is out when this resolves.
    if (!this.#away) await publisher?.withdraw().catch(() => {});
    bus?.close();
  }

  /** Comes before anything is asked of the daemon: a signal that nobody waits for yet is gone. */
  #listen(bus: BusConnection): void {
    const on = (part: string, listener: (member: string, path: string, body: readonly unknown[]) => void) =>
      bus.onSignal({ sender: AVAHI, interface: `${AVAHI}.${part}` }, (signal) =>
        listener(signal.member, signal.path, signal.body),
      );
    on('Server', (member, _, [state]) => member === 'StateChanged' && this.#onServer(state));
    on('EntryGroup', (_, path, body) => this.#session?.publisher.onGroup(path, body, this.#service));
    on('ServiceBrowser', (member, _, body) => this.#session?.items.onBrowser(member, body));
    on('RecordBrowser', (member, path, body) => this.#session?.items.onRecord(member, path, body));
    on('ServiceResolver', (member, path, body) => this.#session?.items.onResolver(member, path, body));
  }

  async #setUp(bus: BusConnection): Promise<void> {
    const call = avahiCall(bus);
    const { interfaces } = this.#options;
    const [state] = await call('/', 'Server', 'GetState', '', []);
    const indexes = interfaces ? await interfaceIndexes(call, interfaces) : [ANY_INTERFACE];
    const subnets = () => linksOf(networkInterfaces(), interfaces).flatMap((link) => link.subnets);
    this.#session?.items.stop();
    this.#session?.publisher.stop();
    const items = new AvahiItems(call, this.#events, indexes, subnets);
    const publisher = new AvahiPublisher(call, indexes, this.#service.record.id, (why) => this.#lose(why));
    this.#session = { items, publisher };
    await items.browse();
    if (state === SERVER_RUNNING) await publisher.publish(this.#service);
  }

  /** The daemon takes its services back while it looks for a host name of its own, and wants them again after. */
  #onServer(state: unknown): void {
    if (state === SERVER_RUNNING) this.#step(() => this.#session?.publisher.publish(this.#service));
  }

  #onVanished(bus: BusConnection): void {
    this.#away = true;
    this.#timers.once('gone', GONE_FOR_GOOD_MS, () => {
      // Asking starts it where the bus may start services; then it appears.
      avahiCall(bus)('/', 'Server', 'GetState', '', []).catch(() => this.#lose('it went away'));
    });
  }

  #onAppeared(bus: BusConnection): void {
    if (!this.#away) return;
    this.#away = false;
    this.#timers.cancel('gone');
    this.#steps = this.#steps
      .then(() => (this.#bus ? this.#setUp(bus) : undefined))
      .catch((error: unknown) => this.#lose(messageOf(error)));
  }

  #step(step: () => Promise<void> | undefined): void {
    this.#steps = this.#steps
      .then(() => (this.#bus ? step() : undefined))
      .catch((error: unknown) => {
        // A daemon that went away is seen to elsewhere; whatever else it refuses is worth knowing.
        if (this.#bus && !this.#away) this.#options.logger.warn(`avahi-daemon: ${messageOf(error)}`);
      });
  }

  #lose(why: string): void {
    if (!this.#bus) return;
    this.#close();
    this.#events.lost(why);
  }

  #close(): void {
    const bus = this.#bus;
    this.#bus = undefined;
    this.#quiet();
    bus?.close();
  }

  #quiet(): void {
    this.#timers.stop();
    this.#session?.items.stop();
    this.#session?.publisher.stop();
  }
}

async function interfaceIndexes(call: AvahiCall, addresses: readonly string[]): Promise<readonly number[]> {
  const indexes: number[] = [];
  for (const { name } of linksOf(networkInterfaces(), addresses)) {
    const [index] = await call('/', 'Server', 'GetNetworkInterfaceIndexByName', 's', [name]);
    if (typeof index === 'number') indexes.push(index);
  }
  return indexes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown trouble';
}
