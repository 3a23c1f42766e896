/**
 * mDNS through the machine's avahi-daemon, by its D-Bus interface (`avahi-daemon(8)`, org.freedesktop.Avahi.*.xml): the
 * first choice where it runs, since one program then speaks mDNS for the whole machine.
 */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import type { Logger } from '../core/ports.ts';
import { ANY_INTERFACE, AvahiItems, IPV4 } from './avahi-items.ts';
import { type Backend, type BackendEvents, instanceName, SERVICE_TYPE, type Service } from './backend.ts';
import { linksOf } from './network.ts';
import { Timers } from './timers.ts';
import { formatTxt } from './txt.ts';

const AVAHI = 'org.freedesktop.Avahi';

const SERVER_RUNNING = 2;
const GROUP_ESTABLISHED = 2;
const GROUP_COLLISION = 3;
const GROUP_FAILURE = 4;

const CALL_TIMEOUT_MS = 5_000;
const ESTABLISHED_WITHIN_MS = 5_000;
/** How long a daemon that went away may take to come back, e.g. while it is upgraded. */
const GONE_FOR_GOOD_MS = 5_000;
const REFRESH_APART_MS = 10_000;
const MAX_RENAMES = 8;

export interface AvahiOptions {
  /** IPv4 addresses whose interfaces to use; every interface when left out. */
  readonly interfaces?: readonly string[] | undefined;
  /** The usual one when left out. */
  readonly systemBusAddress?: string | undefined;
  readonly logger: Logger;
}

export class AvahiBackend implements Backend {
  readonly #options: AvahiOptions;
  readonly #events: BackendEvents;
  readonly #timers = new Timers();
  #bus: BusConnection | undefined;
  #items: AvahiItems | undefined;
  #service: Service;
  #name: string;
  #renames = 0;
  #group: string | undefined;
  #interfaces: readonly number[] = [ANY_INTERFACE];
  #established: (() => void) | undefined;
  /** The daemon went, and may come back. */
  #away = false;
  /** Steps run one after another, whatever events come in between. */
  #steps: Promise<void> = Promise.resolve();

  /** @param service what is announced first. */
  constructor(options: AvahiOptions, service: Service, events: BackendEvents) {
    this.#options = options;
    this.#service = service;
    this.#name = instanceName(service.record.id);
    this.#events = events;
  }

  /** Rejects with `BusError` when there is no bus, or no avahi-daemon on it. */
  async start(service: Service): Promise<void> {
    this.#service = service;
    const bus = await connectBus(this.#options.systemBusAddress);
    this.#bus = bus;
    try {
      // Listening comes first: a signal that nobody waits for yet is gone.
      const on = (part: string, listener: (member: string, path: string, body: readonly unknown[]) => void) =>
        bus.onSignal({ sender: AVAHI, interface: `${AVAHI}.${part}` }, (signal) =>
          listener(signal.member, signal.path, signal.body),
        );
      on('Server', (member, _, [state]) => member === 'StateChanged' && this.#onServer(state));
      on('EntryGroup', (member, path, body) => member === 'StateChanged' && this.#onGroup(path, body));
      on('ServiceBrowser', (member, _, body) => this.#items?.onBrowser(member, body));
      on('ServiceResolver', (member, path, body) => this.#items?.onResolver(member, path, body));
      await this.#setUp();
    } catch (error) {
      this.#close();
      throw error;
    }
    bus.onClose((error) => this.#lose(error.message));
    bus.watchName(
      AVAHI,
      () => this.#onAppeared(),
      () => this.#onVanished(),
    );
  }

  update(service: Service): void {
    this.#service = service;
    this.#step(async () => {
      if (this.#group === undefined) return;
      const txt = formatTxt(this.#service.record);
      for (const index of this.#interfaces) {
        const service = [index, IPV4, 0, this.#name, SERVICE_TYPE, '', txt];
        await this.#call(this.#group, 'EntryGroup', 'UpdateServiceTxt', 'iiusssaay', service);
      }
    });
  }

  refresh(): void {
    if (this.#timers.has('refreshed')) return;
    this.#timers.once('refreshed', REFRESH_APART_MS, () => {});
    this.#step(async () => this.#items?.browse());
  }

  async stop(): Promise<void> {
    const group = this.#group;
    const bus = this.#bus;
    this.#bus = undefined;
    this.#timers.stop();
    this.#established?.();
    // Freed in words rather than by going away: so the goodbye is out when this resolves.
    if (bus && group) await callAvahi(bus, group, 'EntryGroup', 'Free', '', []).catch(() => {});
    bus?.close();
  }

  async #setUp(): Promise<void> {
    const [state] = await this.#call('/', 'Server', 'GetState', '', []);
    this.#interfaces = await this.#interfaceIndexes();
    this.#items = new AvahiItems((...args) => this.#call(...args), this.#events, this.#interfaces, this.#subnets());
    this.#group = undefined;
    await this.#items.browse();
    if (state !== SERVER_RUNNING) return;
    const established = new Promise<void>((resolve) => {
      this.#established = resolve;
      this.#timers.again('established', ESTABLISHED_WITHIN_MS, resolve);
    });
    await this.#publish();
    await established;
  }

  #subnets(): () => readonly string[] {
    return () => linksOf(networkInterfaces(), this.#options.interfaces).flatMap((link) => link.subnets);
  }

  async #interfaceIndexes(): Promise<readonly number[]> {
    if (!this.#options.interfaces) return [ANY_INTERFACE];
    const indexes: number[] = [];
    for (const { name } of linksOf(networkInterfaces(), this.#options.interfaces)) {
      const [index] = await this.#call('/', 'Server', 'GetNetworkInterfaceIndexByName', 's', [name]);
      if (typeof index === 'number') indexes.push(index);
    }
    return indexes;
  }

  async #publish(): Promise<void> {
    if (this.#group === undefined) {
      const [path] = await this.#call('/', 'Server', 'EntryGroupNew', '', []);
      if (typeof path !== 'string') return;
      this.#group = path;
    } else await this.#call(this.#group, 'EntryGroup', 'Reset', '', []);
    const txt = formatTxt(this.#service.record);
    for (const index of this.#interfaces) {
      const service = [index, IPV4, 0, this.#name, SERVICE_TYPE, '', '', this.#service.port, txt];
      await this.#call(this.#group, 'EntryGroup', 'AddService', 'iiussssqaay', service);
    }
    await this.#call(this.#group, 'EntryGroup', 'Commit', '', []);
  }

  /** The daemon takes its services back while it looks for a host name of its own, and wants them again after. */
  #onServer(state: unknown): void {
    if (state === SERVER_RUNNING) this.#step(() => this.#publish());
  }

  #onGroup(path: string, [state, error]: readonly unknown[]): void {
    if (path !== this.#group) return;
    if (state === GROUP_ESTABLISHED) this.#established?.();
    else if (state === GROUP_COLLISION) this.#rename();
    else if (state === GROUP_FAILURE) this.#lose(`it does not publish: ${String(error)}`);
  }

  /** Who we are is in the TXT record: the name is but a label, and any other will do. */
  #rename(): void {
    if (++this.#renames > MAX_RENAMES) {
      this.#lose(`somebody takes every name we choose, the last was ${this.#name}`);
      return;
    }
    this.#name = `${instanceName(this.#service.record.id).slice(0, 50)}-${randomBytes(4).toString('hex')}`;
    this.#timers.once('rename', 500 + Math.random() * 1_500, () => this.#step(() => this.#publish()));
  }

  #onVanished(): void {
    this.#away = true;
    this.#timers.once('gone', GONE_FOR_GOOD_MS, () => {
      // Asking starts it where the bus may start services; then it appears.
      this.#call('/', 'Server', 'GetState', '', []).catch(() => this.#lose('avahi-daemon went away'));
    });
  }

  #onAppeared(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#timers.cancel('gone');
    this.#steps = this.#steps
      .then(() => (this.#bus ? this.#setUp() : undefined))
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

  #call(path: string, part: string, member: string, signature: string, body: readonly unknown[]) {
    if (!this.#bus) return Promise.reject(new Error('stopped'));
    return callAvahi(this.#bus, path, part, member, signature, body);
  }

  #lose(why: string): void {
    if (!this.#bus) return;
    this.#close();
    this.#events.lost(why);
  }

  #close(): void {
    const bus = this.#bus;
    this.#bus = undefined;
    this.#timers.stop();
    this.#established?.();
    bus?.close();
  }
}

function callAvahi(
  bus: BusConnection,
  path: string,
  part: string,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<readonly unknown[]> {
  const timeoutMs = CALL_TIMEOUT_MS;
  return bus.call({ destination: AVAHI, path, interface: `${AVAHI}.${part}`, member, signature, body, timeoutMs });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown trouble';
}
