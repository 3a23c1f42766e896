/**
 * What avahi-daemon says of others: one browser for the type, and one resolver for each item found, kept because it is
 * the resolver that tells when a TXT record changes.
 */
import { type BackendEvents, MAX_INSTANCES, SERVICE_TYPE } from './backend.ts';
import { isOnLink } from './network.ts';

type Call = (
  path: string,
  part: string,
  member: string,
  signature: string,
  body: readonly unknown[],
) => Promise<readonly unknown[]>;

interface Item {
  resolver?: string;
  /** Where it was found last. */
  url?: string;
}

/** AVAHI_IF_UNSPEC */
export const ANY_INTERFACE = -1;
/** AVAHI_PROTO_INET: addresses here are IPv4, as everywhere in discovery. */
export const IPV4 = 0;

export class AvahiItems {
  readonly #call: Call;
  readonly #events: Omit<BackendEvents, 'lost'>;
  readonly #interfaces: readonly number[];
  readonly #subnets: () => readonly string[];
  readonly #items = new Map<string, Item>();
  #browser: string | undefined;

  constructor(
    call: Call,
    events: Omit<BackendEvents, 'lost'>,
    interfaces: readonly number[],
    subnets: () => readonly string[],
  ) {
    this.#call = call;
    this.#events = events;
    this.#interfaces = interfaces;
    this.#subnets = subnets;
  }

  /** Begins to look, or looks again: a new browser asks the network at once. */
  async browse(): Promise<void> {
    const before = this.#browser;
    const [path] = await this.#call('/', 'Server', 'ServiceBrowserNew', 'iissu', [
      ANY_INTERFACE,
      IPV4,
      SERVICE_TYPE,
      '',
      0,
    ]);
    if (typeof path === 'string') this.#browser = path;
    if (before !== undefined) await this.#call(before, 'ServiceBrowser', 'Free', '', []);
  }

  /** A signal of the browser: `ItemNew` and `ItemRemove` (interface, protocol, name, type, domain, flags). */
  onBrowser(member: string, [index, protocol, name, type, domain]: readonly unknown[]): void {
    if (type !== SERVICE_TYPE || typeof index !== 'number') return;
    const key = keyOf(index, protocol, name, domain);
    if (member === 'ItemRemove') this.#forget(key);
    if (member !== 'ItemNew' || this.#items.has(key) || this.#items.size >= MAX_INSTANCES) return;
    if (!this.#interfaces.includes(ANY_INTERFACE) && !this.#interfaces.includes(index)) return;
    const item: Item = {};
    this.#items.set(key, item);
    this.#call('/', 'Server', 'ServiceResolverNew', 'iisssiu', [index, protocol, name, type, domain, IPV4, 0]).then(
      ([path]) => {
        if (typeof path !== 'string') return;
        if (this.#items.get(key) === item) item.resolver = path;
        else this.#free(path);
      },
      () => this.#items.get(key) === item && this.#items.delete(key),
    );
  }

  /**
   * A signal of a resolver: `Found` (interface, protocol, name, type, domain, host, aprotocol, address, port, txt,
   * flags), or `Failure` when the item is still listed but its host no longer says where it is.
   */
  onResolver(member: string, path: string, body: readonly unknown[]): void {
    if (member === 'Failure') {
      const item = [...this.#items.values()].find((one) => one.resolver === path);
      if (item?.url !== undefined) this.#events.doubted(item.url);
      return;
    }
    const [index, protocol, name, , domain, , , address, port, txt] = body;
    // Found by what it says, not by its path: it can come before the answer that tells the path.
    const item = this.#items.get(keyOf(index, protocol, name, domain));
    if (member !== 'Found' || !item || typeof address !== 'string') return;
    // An address elsewhere would have us ask strangers.
    if (!isOnLink(address, this.#subnets()) || typeof port !== 'number' || !Array.isArray(txt)) return;
    const url = `http://${address}:${port}`;
    if (item.url !== undefined && item.url !== url) this.#events.doubted(item.url);
    item.url = url;
    this.#events.sighted(
      txt.filter((one) => one instanceof Uint8Array),
      url,
    );
  }

  #forget(key: string): void {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    if (item.resolver !== undefined) this.#free(item.resolver);
    if (item.url !== undefined) this.#events.doubted(item.url);
  }

  #free(resolver: string): void {
    // It may be gone already, with the daemon or on its own.
    this.#call(resolver, 'ServiceResolver', 'Free', '', []).catch(() => {});
  }
}

function keyOf(index: unknown, protocol: unknown, name: unknown, domain: unknown): string {
  return JSON.stringify([index, protocol, name, domain]);
}
