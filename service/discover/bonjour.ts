/**
 * mDNS spoken by this process itself, where no avahi-daemon runs. The only file that imports `bonjour-service`.
 *
 * Of that package only the socket is used. Its publishing undoes changes of the TXT record and its loser of a name
 * conflict says goodbye for the winner; its browser keeps dead peers for hours, without bound. `mdns-link.ts` does these.
 */
import { networkInterfaces } from 'node:os';
import { Bonjour } from 'bonjour-service';
import { RippleError } from '../api/errors.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Backend, BackendEvents, Service } from './backend.ts';
import type { DnsQuestion, DnsRecord } from './dns-sd.ts';
import { type MdnsHandlers, MdnsLink, type MdnsSocket } from './mdns-link.ts';
import { carrierChangesOf, type Link, linksOf } from './network.ts';

/** A child who walks to another room has friends there within seconds; a look is a few short files. */
const NETWORK_POLL_MS = 3_000;

export interface BonjourOptions {
  /** IPv4 addresses to use; every one that is not internal when left out. */
  readonly interfaces?: readonly string[] | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

type Sent = (error?: unknown) => void;
/** What multicast-dns, under bonjour-service, gives; it comes without types. */
interface RawMdns {
  on(event: string, listener: (...args: readonly unknown[]) => void): void;
  query(packet: { readonly questions: readonly DnsQuestion[] }, sent: Sent): void;
  respond(packet: { readonly answers: readonly DnsRecord[] }, sent: Sent): void;
  destroy(closed: () => void): void;
}

export class BonjourBackend implements Backend {
  readonly #options: BonjourOptions;
  readonly #events: BackendEvents;
  readonly #links = new Map<string, MdnsLink>();
  /** The last one of each interface that has none now. */
  readonly #before = new Map<string, MdnsLink>();
  /** Names of links whose socket broke, until the next look at the network. */
  readonly #broken = new Set<string>();
  readonly #warned = new Set<string>();
  #service: Service | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(options: BonjourOptions, events: BackendEvents) {
    this.#options = options;
    this.#events = events;
  }

  async start(service: Service): Promise<void> {
    this.#service = service;
    this.#poll = setInterval(() => void this.#followNetwork(service), NETWORK_POLL_MS).unref();
    await this.#followNetwork(service);
    if (this.#links.size === 0) this.#warnOnce('no network to announce on yet');
  }

  update(service: Service): void {
    this.#service = service;
    for (const link of this.#links.values()) link.update(service);
  }

  refresh(): void {
    for (const link of this.#links.values()) link.refresh();
  }

  /** Packets come from where somebody is: who moves says so itself. */
  lookAgain(): void {}

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(links.map((link) => link.stop(true)));
  }

  /** One socket for each link there is now: a socket goes deaf when its interface goes away and comes back. */
  async #followNetwork(service: Service): Promise<void> {
    const present = linksOf(networkInterfaces(), this.#options.interfaces, carrierChangesOf);
    for (const [name, link] of this.#links) {
      const same = present.some((one) => one.name === name && one.fingerprint === link.fingerprint);
      if (same && !this.#broken.has(name)) continue;
      this.#links.delete(name);
      this.#before.set(name, link);
      void link.stop(false);
    }
    this.#broken.clear();
    const added = present.filter((link) => !this.#links.has(link.name));
    await Promise.all(added.map((link) => this.#add(link, this.#service ?? service)));
  }

  #add(link: Link, service: Service): Promise<void> {
    const opened = new MdnsLink(
      link,
      service,
      this.#events,
      () => this.#options.clock.monotonicMs(),
      (address, handlers) =>
        openSocket(address, handlers, (why) => {
          this.#broken.add(link.name);
          this.#warnOnce(`mDNS on ${link.name} (${address}): ${why}`);
        }),
    );
    const before = this.#before.get(link.name);
    if (before) opened.inherit(before);
    this.#before.delete(link.name);
    this.#links.set(link.name, opened);
    return opened.start();
  }

  /** The same trouble comes back every few seconds while a cable is out: it is worth one line. */
  #warnOnce(message: string): void {
    if (this.#warned.has(message) || this.#warned.size > 100) return;
    this.#warned.add(message);
    this.#options.logger.warn(message);
  }
}

/**
 * A multicast socket that speaks on the interface of `address`. It has to listen on every address: bound to its own
 * it would hear nothing that is sent to the group.
 */
function openSocket(address: string, handlers: MdnsHandlers, failed: (why: string) => void): MdnsSocket {
  const sendFailed = (error: unknown) => failed(messageOf(error));
  // Handed through to multicast-dns; the package's own type leaves these out.
  const options: object = { interface: address, bind: '0.0.0.0' };
  const bonjour = new Bonjour(options, sendFailed);
  const mdns = rawMdns(bonjour);
  let closed = false;
  // Without a listener a port that is taken would end the process.
  for (const event of ['error', 'warning'])
    mdns.on(event, (error) => {
      if (event === 'error' || isSocketError(error)) failed(messageOf(error));
    });
  mdns.on('query', (packet, from) => closed || handlers.query(packet, addressOf(from)));
  mdns.on('response', (packet, from) => closed || handlers.response(packet, addressOf(from)));
  const send = (how: (sent: Sent) => void) =>
    new Promise<void>((resolve) => {
      if (closed) return resolve();
      how((error) => {
        if (error) failed(messageOf(error));
        resolve();
      });
    });
  return {
    ask: (questions) => send((sent) => mdns.query({ questions }, sent)),
    say: (answers) => send((sent) => mdns.respond({ answers }, sent)),
    close: () => {
      closed = true;
      return new Promise((resolve) => mdns.destroy(resolve));
    },
  };
}

/** @throws RippleError `Internal` if the package no longer has the part that this file stands on. */
function rawMdns(bonjour: Bonjour): RawMdns {
  const server: unknown = Reflect.get(bonjour, 'server');
  const mdns: unknown = typeof server === 'object' && server !== null ? Reflect.get(server, 'mdns') : undefined;
  if (!isRawMdns(mdns))
    throw new RippleError('Internal', 'bonjour-service has no mDNS socket: wrong version installed');
  return mdns;
}

function isRawMdns(value: unknown): value is RawMdns {
  if (typeof value !== 'object' || value === null) return false;
  return ['on', 'query', 'respond', 'destroy'].every((member) => typeof Reflect.get(value, member) === 'function');
}

function addressOf(from: unknown): string {
  return typeof from === 'object' && from !== null && 'address' in from ? String(from.address) : '';
}

/** Packets that cannot be decoded come as warnings too; those are somebody else's trouble. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown trouble';
}
