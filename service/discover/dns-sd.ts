/**
 * DNS-SD over mDNS as pure functions: the records of our service, and what the packets of others say. Packets come
 * decoded but not believed; each field is looked at as `unknown`. RFC 6762 (mDNS), RFC 6763 (DNS-SD).
 */
import { instanceName, SERVICE_TYPE, type Service } from './backend.ts';
import { formatTxt } from './txt.ts';

export interface DnsRecord {
  readonly name: string;
  readonly type: 'PTR' | 'SRV' | 'TXT' | 'A';
  /** Seconds; 0 is a goodbye. */
  readonly ttl: number;
  readonly data: string | { readonly port: number; readonly target: string } | Uint8Array[];
  /** The cache-flush bit: this replaces what was said before under this name and type. */
  readonly flush?: boolean;
}
export interface DnsQuestion {
  readonly name: string;
  readonly type: 'PTR';
}

/** RFC 6762, section 10: records that name a host live 2 minutes, others 75. */
const HOST_TTL = 120;
const OTHER_TTL = 4500;
const MAX_RECORDS_READ = 256;

const TYPE_NAME = `${SERVICE_TYPE}.local`;
const ENUMERATION_NAME = '_services._dns-sd._udp.local';

export const SERVICE_QUESTION: DnsQuestion = { name: TYPE_NAME, type: 'PTR' };

/** As it stands in packets, in lower case: names know no case. */
export function instanceFullName(id: string): string {
  return `${instanceName(id)}.${TYPE_NAME}`.toLowerCase();
}

/** Everything there is to say about our service at these IPv4 addresses. */
export function serviceRecords(service: Service, addresses: readonly string[]): DnsRecord[] {
  const instance = `${instanceName(service.record.id)}.${TYPE_NAME}`;
  const host = `${instanceName(service.record.id)}.local`;
  const srv = { port: service.port, target: host };
  return [
    { name: TYPE_NAME, type: 'PTR', ttl: OTHER_TTL, data: instance },
    { name: instance, type: 'SRV', ttl: HOST_TTL, data: srv, flush: true },
    { name: instance, type: 'TXT', ttl: OTHER_TTL, data: formatTxt(service.record), flush: true },
    ...addresses.map((data): DnsRecord => ({ name: host, type: 'A', ttl: HOST_TTL, data, flush: true })),
  ];
}

/** The answer to "which types of service are there?" (RFC 6763, section 9). */
export const ENUMERATION_RECORD: DnsRecord = { name: ENUMERATION_NAME, type: 'PTR', ttl: OTHER_TTL, data: TYPE_NAME };

export interface Asked {
  /** It asks for something of ours, which the asker does not know yet. */
  readonly forUs: boolean;
  /** It asks which types there are. */
  readonly forTypes: boolean;
  /** It asks everybody who has the service to say so: another need not ask the same now (RFC 6762, section 7.3). */
  readonly forEverybody: boolean;
}

/** What a query wants of the laptop with this id. */
export function readQuery(packet: unknown, id: string): Asked {
  const instance = instanceFullName(id);
  const host = `${instanceName(id)}.local`.toLowerCase();
  const known = listOf(packet, 'answers');
  // RFC 6762, 7.1: what the asker says that it knows, for at least half its time, need not be said again.
  const knowsUs = known.some((answer) => {
    const { type, data, ttl } = answer;
    return type === 'PTR' && nameOf(answer) === TYPE_NAME && lower(data) === instance && Number(ttl) >= OTHER_TTL / 2;
  });
  let forUs = false;
  let forTypes = false;
  let forEverybody = false;
  for (const question of listOf(packet, 'questions')) {
    const name = nameOf(question);
    const type = question.type;
    const pointer = type === 'PTR' || type === 'ANY';
    if (name === TYPE_NAME && pointer) {
      forUs ||= !knowsUs;
      // A question that wants its answers sent to the asker alone has another class than plain IN.
      forEverybody ||= known.length === 0 && question.class === 'IN';
    } else if (name === ENUMERATION_NAME && pointer) forTypes = true;
    else if (name === instance && (type === 'SRV' || type === 'TXT' || type === 'ANY')) forUs = true;
    else if (name === host && (type === 'A' || type === 'ANY')) forUs = true;
  }
  return { forUs, forTypes, forEverybody };
}

/** What one packet says about one instance; each member may be missing, others having come before. */
export interface Heard {
  port?: number;
  strings?: readonly Uint8Array[];
  /** It was named as one of the type. */
  listed?: boolean;
  goodbye?: boolean;
}

/** What a response says, by lower-case instance name. */
export function readResponse(packet: unknown): ReadonlyMap<string, Heard> {
  const heard = new Map<string, Heard>();
  const about = (instance: string): Heard => {
    const entry = heard.get(instance) ?? {};
    heard.set(instance, entry);
    return entry;
  };
  for (const record of [...listOf(packet, 'answers'), ...listOf(packet, 'additionals')].slice(0, MAX_RECORDS_READ)) {
    const name = nameOf(record);
    const { type, data, ttl } = record;
    const live = typeof ttl === 'number' && ttl > 0;
    if (type === 'PTR' && name === TYPE_NAME) {
      const instance = lower(data);
      if (!instance?.endsWith(`.${TYPE_NAME}`)) continue;
      if (live) about(instance).listed = true;
      else about(instance).goodbye = true;
    } else if (!name?.endsWith(`.${TYPE_NAME}`) || !live) continue;
    else if (type === 'SRV') {
      const port = isObject(data) ? data.port : undefined;
      if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536) about(name).port = port;
    } else if (type === 'TXT' && Array.isArray(data) && data.every((one) => one instanceof Uint8Array))
      about(name).strings = data;
  }
  return heard;
}

function listOf(packet: unknown, member: string): readonly Readonly<Record<string, unknown>>[] {
  const list = isObject(packet) ? packet[member] : undefined;
  return Array.isArray(list) ? list.slice(0, MAX_RECORDS_READ).filter(isObject) : [];
}

function nameOf(record: Readonly<Record<string, unknown>>): string | undefined {
  return lower(record.name);
}

function lower(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
