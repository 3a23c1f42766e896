/**
 * The payloads of the signed documents: types, strict parsers, canonical formatters. A payload is parsed only after the
 * signature over it was checked (`sign/verifier.ts`); it is bounded all the same, for a key holder can err.
 */
import type { Severity } from '../api/model.ts';
import type { BlobRef } from '../core/ports.ts';
import { KEY_ROLES, type KeyRole } from '../core/trust.ts';
import { type JsonLimits, type JsonObject, readJsonDocument } from './json-reader.ts';

/** What a version is. `sizeBytes` counts the content of the whole tree. */
export interface Release {
  readonly image: string;
  readonly version: number;
  readonly manifest: BlobRef;
  readonly sizeBytes: number;
  readonly severity: Severity;
  /** RFC 3339; shown, never decided upon. */
  readonly released: string;
  readonly notes: BlobRef;
}

/** Which version is newest. `epoch` never falls. */
export interface Latest {
  readonly image: string;
  readonly version: number;
  readonly epoch: number;
  /** RFC 3339; shown, never decided upon. */
  readonly issued: string;
}

/** The keys trusted for each role, armored, and how many of them must sign. */
export interface KeyringRole {
  readonly threshold: number;
  readonly keys: readonly string[];
}
export interface Keyring {
  readonly version: number;
  readonly roles: Readonly<Record<KeyRole, KeyringRole>>;
}

/** A signed instruction to a class. */
export interface Order {
  readonly image: string;
  readonly version: number;
  readonly epoch: number;
  /** `now`, `next-boot` or RFC 3339. */
  readonly when: string;
  /** RFC 3339. */
  readonly deadline: string;
  /** How many laptops go first. */
  readonly canaries: number;
  /** How many laptops may roll back before the order stops by itself. */
  readonly haltAfter: number;
  readonly allowDowngrade: boolean;
  readonly classes: readonly string[];
}

/** Longest signed document, in bytes as it travels and unpacked alike. */
export const MAX_DOCUMENT_BYTES = 64 * 1024;
export const MAX_KEYRING_BYTES = 512 * 1024;
/** Versions fit the deployment names `<image>.<version>` and D-Bus `u`. */
export const MAX_VERSION = 999_999_999;
export const MAX_EPOCH = Number.MAX_SAFE_INTEGER;
export const MAX_KEYS_PER_ROLE = 16;

const SMALL: JsonLimits = { maxBytes: MAX_DOCUMENT_BYTES, maxDepth: 4 };
const LARGE: JsonLimits = { maxBytes: MAX_KEYRING_BYTES, maxDepth: 6 };

export function parseRelease(bytes: Uint8Array): Release {
  const json = typed('release', 'ripple.release/1', bytes, SMALL);
  return {
    image: image(json),
    version: version(json),
    manifest: blob(json.object('manifest')),
    sizeBytes: json.integer('size', 0, Number.MAX_SAFE_INTEGER),
    severity: json.oneOf('severity', ['normal', 'critical']),
    released: time(json, 'released'),
    notes: blob(json.object('notes')),
  };
}

export function formatRelease(release: Release): Uint8Array {
  return encode(parseRelease, {
    type: 'ripple.release/1',
    image: release.image,
    version: release.version,
    manifest: blobJson(release.manifest),
    size: release.sizeBytes,
    severity: release.severity,
    released: release.released,
    notes: blobJson(release.notes),
  });
}

export function parseLatest(bytes: Uint8Array): Latest {
  const json = typed('latest', 'ripple.latest/1', bytes, SMALL);
  return {
    image: image(json),
    version: version(json),
    epoch: epoch(json),
    issued: time(json, 'issued'),
  };
}

export function formatLatest(latest: Latest): Uint8Array {
  const { image, version, epoch, issued } = latest;
  return encode(parseLatest, { type: 'ripple.latest/1', image, version, epoch, issued });
}

export function parseKeyring(bytes: Uint8Array): Keyring {
  const json = typed('keyring', 'ripple.keyring/1', bytes, LARGE);
  const roles = json.object('roles');
  const role = (name: KeyRole): KeyringRole => {
    const object = roles.object(name);
    const keys = object.strings('keys', MAX_KEYS_PER_ROLE, 32 * 1024);
    if (keys.length === 0) object.fail('keys', 'is empty');
    return { threshold: object.integer('threshold', 1, keys.length), keys };
  };
  return {
    version: version(json),
    roles: { root: role('root'), release: role('release'), latest: role('latest'), order: role('order') },
  };
}

export function formatKeyring(keyring: Keyring): Uint8Array {
  const roles = Object.fromEntries(
    KEY_ROLES.map((name) => [name, { threshold: keyring.roles[name].threshold, keys: keyring.roles[name].keys }]),
  );
  return encode(parseKeyring, { type: 'ripple.keyring/1', version: keyring.version, roles });
}

export function parseOrder(bytes: Uint8Array): Order {
  const json = typed('order', 'ripple.order/1', bytes, SMALL);
  const when = json.string('when', 40);
  return {
    image: image(json),
    version: version(json),
    epoch: epoch(json),
    when: when === 'now' || when === 'next-boot' ? when : time(json, 'when'),
    deadline: time(json, 'deadline'),
    canaries: json.integer('canaries', 0, 1_000_000),
    haltAfter: json.integer('haltAfter', 0, 1_000_000),
    allowDowngrade: json.boolean('allowDowngrade'),
    classes: json.strings('classes', 256, 128),
  };
}

export function formatOrder(order: Order): Uint8Array {
  const { image, version, epoch, when, deadline, canaries, haltAfter, allowDowngrade, classes } = order;
  return encode(parseOrder, {
    type: 'ripple.order/1',
    ...{ image, version, epoch, when, deadline, canaries, haltAfter, allowDowngrade, classes },
  });
}

function typed(what: string, type: string, bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const json = readJsonDocument(what, bytes, limits);
  json.oneOf('type', [type]);
  return json;
}

/** The name is part of file names and URLs; `config.<n>` names boot configurations. */
function image(json: JsonObject): string {
  const name = json.matching('image', /^[a-z0-9][a-z0-9_-]*$/, 'lower-case letters, digits, "_" and "-"', 64);
  if (name === 'config') json.fail('image', 'must not be "config"');
  return name;
}

function version(json: JsonObject): number {
  return json.integer('version', 1, MAX_VERSION);
}

function epoch(json: JsonObject): number {
  return json.integer('epoch', 1, MAX_EPOCH);
}

function blob(json: JsonObject): BlobRef {
  return {
    sha256: json.matching('sha256', /^[0-9a-f]{64}$/, '64 lower-case hex digits', 64),
    sizeBytes: json.integer('size', 0, Number.MAX_SAFE_INTEGER),
  };
}

function blobJson(ref: BlobRef): { sha256: string; size: number } {
  return { sha256: ref.sha256, size: ref.sizeBytes };
}

function time(json: JsonObject, name: string): string {
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const text = json.matching(name, rfc3339, 'an RFC 3339 time such as 2024-05-01T12:00:00Z', 40);
  if (Number.isNaN(Date.parse(text))) json.fail(name, 'is no date of the calendar');
  return text;
}

/** Members in the order of the specification, no spaces, one line; what the parser would refuse is never written. */
function encode(parse: (bytes: Uint8Array) => unknown, value: object): Uint8Array {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  parse(bytes);
  return bytes;
}
