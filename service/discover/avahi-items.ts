/**
 * What avahi-daemon says of others: one browser for the type and, for each item, one for its TXT record. Where an item
 * is, is looked up only when it appears or no longer answers: a resolver that is kept asks the network for each host
 * every two minutes, which in a class of thirty is a flood.
 */
import { ANY_INTERFACE, type AvahiCall, IPV4 } from './avahi-call.ts';
import { type BackendEvents, SERVICE_TYPE } from './backend.ts';
import { isOnLink } from './network.ts';
import { Timers } from './timers.ts';
import { splitTxt } from './txt.ts';

interface Item {
  readonly index: unknown;
  readonly protocol: unknown;
  readonly name: string;
  readonly domain: unknown;
  /** Object paths of the daemon: its browser for the TXT record, and its resolver while one works. */
  records?: string;
  resolver?: string;
  strings?: readonly Uint8Array[];
  url?: string;
  /** It was looked up this often without being found. */
  looks: number;
  /** It is to be looked up once more when the last look is old enough. */
  again: boolean;
}

const CLASS_IN = 1;
const TYPE_TXT = 16;
/** AVAHI_LOOKUP_RESULT_OUR_OWN */
const RESULT_OUR_OWN = 16;

/** The daemon gives each client 1024 objects, and an item takes up to two. */
const MAX_ITEMS = 400;
const LOOK_APART_MS = 30_000;
const MAX_LOOKS = 3;
const RELIST_MS = 300_000;

export class AvahiItems {
  readonly #call: AvahiCall;
  readonly #events: Omit<BackendEvents, 'lost'>;
  readonly #interfaces: readonly number[];
  readonly #subnets: () => readonly string[];
  readonly #timers = new Timers();
  readonly #items = new Map<string, Item>();
  #browser: string | undefined;

  /** @param interfaces indexes of those to use, or `ANY_INTERFACE`. */
  constructor(
    call: AvahiCall,
    events: Omit<BackendEvents, 'lost'>,
    interfaces: readonly number[],
    subnets: () => readonly string[],
  ) {
    this.#call = call;
    this.#events = events;
    this.#interfaces = interfaces;
    this.#subnets = subnets;
    this.#relistLater();
  }

  /** Begins to look, or looks again: a new browser asks the network at once. */
  async browse(): Promise<void> {
    const before = this.#browser;
    const what = [ANY_INTERFACE, IPV4, SERVICE_TYPE, '', 0];
    const [path] = await this.#call('/', 'Server', 'ServiceBrowserNew', 'iissu', what);
    if (typeof path === 'string') this.#browser = path;
    if (before !== undefined) this.#free(before, 'ServiceBrowser');
  }

  /** Tells again of every item there is. */
  relist(): void {
    for (const { strings, url } of this.#items.values()) if (strings && url) this.#events.listed(strings, url);
  }

  /** Finds out anew where the item at `url` is: its host may have another address now. */
  lookAgain(url: string): void {
    for (const [key, item] of this.#items) if (item.url === url) this.#look(key, item);
  }

  stop(): void {
    this.#timers.stop();
    this.#items.clear();
  }

  /** A signal of the browser: `ItemNew` and `ItemRemove` (interface, protocol, name, type, domain, flags). */
  onBrowser(member: string, [index, protocol, name, type, domain, flags]: readonly unknown[]): void {
    if (type !== SERVICE_TYPE || typeof index !== 'number' || typeof name !== 'string') return;
    if ((Number(flags) & RESULT_OUR_OWN) !== 0) return;
    const key = JSON.stringify([index, protocol, name, domain]);
    if (member === 'ItemRemove') this.#forget(key);
    if (member !== 'ItemNew' || this.#items.has(key) || this.#items.size >= MAX_ITEMS) return;
    if (!this.#interfaces.includes(ANY_INTERFACE) && !this.#interfaces.includes(index)) return;
    const item: Item = { index, protocol, name, domain, looks: 0, again: false };
    this.#items.set(key, item);
    const what = [index, protocol, `${escapeLabel(name)}.${SERVICE_TYPE}.${domain}`, CLASS_IN, TYPE_TXT, 0];
    this.#call('/', 'Server', 'RecordBrowserNew', 'iisqqu', what).then(
      ([path]) => this.#keep(key, item, 'records', path),
      () => this.#items.get(key) === item && this.#forget(key),
    );
    this.#look(key, item);
  }

  /** A signal of a record browser: `ItemNew` (interface, protocol, name, class, type, rdata, flags). */
  onRecord(member: string, path: string, body: readonly unknown[]): void {
    const [, item] = this.#find('records', path) ?? [];
    const rdata = body[5];
    if (member !== 'ItemNew' || !item || !(rdata instanceof Uint8Array)) return;
    const strings = splitTxt(rdata);
    if (!strings) return;
    item.strings = strings;
    if (item.url !== undefined) this.#events.sighted(strings, item.url);
  }

  /**
   * A signal of a resolver: `Found` (interface, protocol, name, type, domain, host, aprotocol, address, port, txt,
   * flags), or `Failure` when the item is listed but its host does not say where it is.
   */
  onResolver(member: string, path: string, body: readonly unknown[]): void {
    const [key, item] = this.#find('resolver', path) ?? [];
    if (key === undefined || !item || (member !== 'Found' && member !== 'Failure')) return;
    delete item.resolver;
    this.#free(path, 'ServiceResolver');
    if (member === 'Failure') {
      if (item.url !== undefined) this.#events.doubted(item.url);
      return;
    }
    const [address, port, txt] = [body[7], body[8], body[9]];
    // An address elsewhere would have us ask strangers.
    if (typeof address !== 'string' || !isOnLink(address, this.#subnets())) return;
    if (typeof port !== 'number' || !Array.isArray(txt)) return;
    const url = `http://${address}:${port}`;
    if (item.url !== undefined && item.url !== url) this.#events.doubted(item.url);
    item.url = url;
    item.looks = 0;
    item.strings ??= txt.filter((one) => one instanceof Uint8Array);
    this.#events.sighted(item.strings, url);
  }

  #look(key: string, item: Item): void {
    item.again = this.#timers.has(key) || item.resolver !== undefined;
    if (item.again) return;
    item.looks++;
    this.#timers.once(key, LOOK_APART_MS, () => {
      // Whoever could not be found at first may be slow to say where it is.
      const missing = item.url === undefined && item.looks < MAX_LOOKS;
      if (this.#items.get(key) === item && (item.again || missing)) this.#look(key, item);
    });
    const what = [item.index, item.protocol, item.name, SERVICE_TYPE, item.domain, IPV4, 0];
    this.#call('/', 'Server', 'ServiceResolverNew', 'iisssiu', what).then(
      ([path]) => this.#keep(key, item, 'resolver', path),
      () => {},
    );
  }

  /** The daemon made an object for the item, which may be gone meanwhile. */
  #keep(key: string, item: Item, part: 'records' | 'resolver', path: unknown): void {
    if (typeof path !== 'string') return;
    if (this.#items.get(key) === item) item[part] = path;
    else this.#free(path, part === 'records' ? 'RecordBrowser' : 'ServiceResolver');
  }

  #find(part: 'records' | 'resolver', path: string): [key: string, item: Item] | undefined {
    return [...this.#items].find(([, item]) => item[part] === path);
  }

  #forget(key: string): void {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    if (item.records !== undefined) this.#free(item.records, 'RecordBrowser');
    if (item.resolver !== undefined) this.#free(item.resolver, 'ServiceResolver');
    if (item.url !== undefined) this.#events.doubted(item.url);
  }

  #free(path: string, part: string): void {
    // It may be gone already, with the daemon or on its own.
    this.#call(path, part, 'Free', '', []).catch(() => {});
  }

  /** A laptop that was away and came back says nothing new, so the daemon has nothing to tell. */
  #relistLater(): void {
    this.#timers.once('relist', RELIST_MS * (0.8 + 0.4 * Math.random()), () => {
      this.relist();
      this.#relistLater();
    });
  }
}

/** A service name as one label of a domain name, as `avahi_escape_label` writes it. */
export function escapeLabel(name: string): string {
  return [...Buffer.from(name)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
    })
    .join('');
}
