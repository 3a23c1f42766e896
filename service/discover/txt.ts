/**
 * What a laptop says of itself in the TXT record of its `_ripple._tcp` service: DNS-SD key/value strings (RFC 6763,
 * section 6) to and from a typed record. Anybody on the network can send anything here, so a record is either wholly
 * well formed or not there at all.
 */
import { RippleError } from '../api/errors.ts';
import type { Role } from '../api/model.ts';
import type { Announcement } from '../core/ports.ts';

export type TxtRecord = Omit<Announcement, 'port'>;

/** A record of ours has at most 14 strings; the rest is room for keys of later versions. */
const MAX_STRINGS = 32;
const MAX_STRING_BYTES = 255;
const MAX_NAME_BYTES = 64;
const MAX_VERSION = 0xffff_ffff;

const ID = /^[A-Za-z0-9_-]{1,48}$/;
const IMAGE = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const STATE = /^[a-z][a-z-]{0,23}$/;
const COLOURS = /^#[0-9a-fA-F]{6},#[0-9a-fA-F]{6}$/;
const INTEGER = /^(0|[1-9][0-9]{0,15})$/;
/** Control characters, line separators and the marks that turn the direction of the text around them. */
const NOT_IN_A_NAME = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The strings of the TXT record, each `key=value` in UTF-8 and under 255 bytes. A nickname is cleaned and cut to 64
 * bytes; nickname, colours and what is not out of the ordinary are left out.
 * @throws RippleError `InvalidArgument` naming the member that cannot be announced.
 */
export function formatTxt(record: TxtRecord): Uint8Array[] {
  const name = cleanName(record.name);
  const pairs: readonly (readonly [key: string, value: string])[] = [
    ['id', record.id],
    ['image', record.image],
    ['v', String(record.version)],
    ['h', String(record.held)],
    ...(record.getting === 0 ? [] : ([['g', String(record.getting)]] as const)),
    ['role', record.role],
    ['e', String(record.latestEpoch)],
    ['o', String(record.orderEpoch)],
    ...(record.wentBackFrom === 0 ? [] : ([['b', String(record.wentBackFrom)]] as const)),
    ...(record.follows ? [] : ([['f', '0']] as const)),
    ['st', record.state],
    ['p', String(record.progress)],
    ...(name === '' ? [] : ([['n', name]] as const)),
    ...(record.colours === '' ? [] : ([['c', record.colours]] as const)),
  ];
  for (const [key, value] of pairs) {
    if (!wellFormed(key, value))
      throw new RippleError('InvalidArgument', `cannot announce ${key}=${JSON.stringify(value).slice(0, 80)}`);
  }
  return pairs.map(([key, value]) => Buffer.from(`${key}=${value}`));
}

/** The strings in the bytes of a TXT record (RFC 1035, section 3.3.14), or `undefined` if they do not add up. */
export function splitTxt(rdata: Uint8Array): Uint8Array[] | undefined {
  const strings: Uint8Array[] = [];
  for (let at = 0; at < rdata.length && strings.length <= MAX_STRINGS; ) {
    const end = at + 1 + (rdata[at] ?? 0);
    if (end > rdata.length) return undefined;
    strings.push(rdata.subarray(at + 1, end));
    at = end;
  }
  return strings;
}

/** The record in the strings, or `undefined` if anything about it is not as it must be. Unknown keys are ignored. */
export function parseTxt(strings: readonly Uint8Array[]): TxtRecord | undefined {
  if (strings.length > MAX_STRINGS) return undefined;
  const values = new Map<string, string>();
  for (const bytes of strings) {
    if (bytes.length > MAX_STRING_BYTES) return undefined;
    const text = decode(bytes);
    if (text === undefined) return undefined;
    const equals = text.indexOf('=');
    // RFC 6763, 6.4: keys know no case; of two with the same key the first counts; no key or no "=": no value.
    const key = text.slice(0, Math.max(equals, 0)).toLowerCase();
    if (key !== '' && !values.has(key)) values.set(key, text.slice(equals + 1));
  }
  const value = (key: string): string | undefined => {
    const text = values.get(key);
    return text !== undefined && wellFormed(key, text) ? text : undefined;
  };
  const id = value('id');
  const image = value('image');
  const version = value('v');
  const held = value('h');
  const getting = values.has('g') ? value('g') : '0';
  const role = asRole(value('role'));
  const latestEpoch = value('e');
  const orderEpoch = value('o');
  const wentBackFrom = values.has('b') ? value('b') : '0';
  const follows = values.has('f') ? value('f') : '1';
  const state = value('st');
  const progress = value('p');
  const name = values.has('n') ? value('n') : '';
  const colours = values.has('c') ? value('c') : '';
  if (id === undefined || image === undefined || version === undefined || held === undefined) return undefined;
  if (role === undefined || latestEpoch === undefined || orderEpoch === undefined) return undefined;
  if (wentBackFrom === undefined || follows === undefined || getting === undefined) return undefined;
  if (state === undefined || progress === undefined || name === undefined || colours === undefined) return undefined;
  return {
    id,
    image,
    version: Number(version),
    held: Number(held),
    getting: Number(getting),
    role,
    latestEpoch: Number(latestEpoch),
    orderEpoch: Number(orderEpoch),
    wentBackFrom: Number(wentBackFrom),
    follows: follows === '1',
    state,
    progress: Number(progress),
    name,
    colours,
  };
}

/** A nickname as it may be shown: without control characters, at most 64 bytes of UTF-8, whole characters only. */
export function cleanName(name: string): string {
  let clean = '';
  let bytes = 0;
  for (const character of name) {
    if (NOT_IN_A_NAME.test(character)) continue;
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_NAME_BYTES) break;
    clean += character;
  }
  return clean;
}

export function sameRecord(a: TxtRecord, b: TxtRecord): boolean {
  return (
    a.id === b.id &&
    a.image === b.image &&
    a.version === b.version &&
    a.held === b.held &&
    a.getting === b.getting &&
    a.role === b.role &&
    a.latestEpoch === b.latestEpoch &&
    a.orderEpoch === b.orderEpoch &&
    a.wentBackFrom === b.wentBackFrom &&
    a.follows === b.follows &&
    a.state === b.state &&
    a.progress === b.progress &&
    a.name === b.name &&
    a.colours === b.colours
  );
}

function wellFormed(key: string, value: string): boolean {
  switch (key) {
    case 'id':
      return ID.test(value);
    case 'image':
      return IMAGE.test(value);
    case 'v':
    case 'h':
    case 'g':
    case 'b':
      return INTEGER.test(value) && Number(value) <= MAX_VERSION;
    case 'role':
      return asRole(value) !== undefined;
    case 'e':
    case 'o':
      return INTEGER.test(value) && Number.isSafeInteger(Number(value));
    case 'f':
      return value === '0' || value === '1';
    case 'st':
      return STATE.test(value);
    case 'p':
      return INTEGER.test(value) && Number(value) <= 100;
    case 'n':
      return cleanName(value) === value;
    case 'c':
      return value === '' || COLOURS.test(value);
    default:
      return true;
  }
}

function asRole(value: string | undefined): Role | undefined {
  return value === 'laptop' || value === 'school' || value === 'teacher' ? value : undefined;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
