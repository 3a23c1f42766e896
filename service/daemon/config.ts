/** Reads `ripple.toml` against the table of keys: every key has a default, every mistake is one line that names it. */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Role } from '../api/model.ts';
import { parseQuietHours, type QuietHours } from '../core/fetch-policy.ts';
import { parseRsyncOrigin } from '../core/rsync-origin.ts';
import { BACKEND_NAMES, type BackendName } from '../deploy/backend.ts';
import { CONFIG_KEYS, type KeySpec } from './config-keys/index.ts';

export interface Config {
  readonly role: Role;
  readonly image: string;
  readonly classes: readonly string[];
  readonly sysroot: string;
  readonly repository: string;
  readonly keyring: string;
  readonly origins: readonly string[];
  readonly ownerName: string;
  readonly ownerColours: string;
  readonly stuckMs: number;
  readonly busAddress: string;
  readonly busGroup: string;
  readonly busSameUser: boolean;
  readonly shareListen: readonly string[];
  readonly sharePort: number;
  readonly shareSlots: number;
  readonly shareRateBytesPerSecond: number;
  readonly shareStaged: boolean;
  readonly bundleSpaceBytes: number;
  readonly bundleLoadPercent: number;
  readonly schoolUpstream: readonly string[];
  readonly schoolKeep: number;
  /** 0: no bound. */
  readonly schoolSpaceBytes: number;
  readonly discoveryKind: 'auto' | 'avahi' | 'bonjour' | 'none';
  readonly discoveryInterfaces: readonly string[];
  readonly wakeEnabled: boolean;
  readonly wakePort: number;
  readonly checkMinutes: number;
  readonly fetchAutomatic: boolean;
  readonly fetchRateBytesPerSecond: number;
  readonly fetchQuietHours: QuietHours | undefined;
  readonly fetchMetered: boolean;
  readonly fetchStallMs: number;
  readonly stickWatch: boolean;
  readonly bootMarker: string;
  readonly bootTries: number;
  readonly restartCommand: readonly string[];
  /** 0: never. */
  readonly scrubRateBytesPerSecond: number;
  readonly scrubDays: number;
  readonly scrubLoadPercent: number;
  readonly treesBackend: BackendName | 'auto';
  readonly powerSupplies: string;
  readonly powerFloorPercent: number;
}

/** @throws RippleError `InvalidArgument` naming the file and the key. */
export function readConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RippleError('InvalidArgument', `cannot read the configuration ${file}: ${reasonOf(error)}`);
  }
  return parseConfig(text, file);
}

/** As `readConfig`, from text; `name` is what messages call it. */
export function parseConfig(text: string, name: string): Config {
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const line = error instanceof TomlError ? `line ${error.line}: ` : '';
    const why = message.replace(/^Invalid TOML document: /, '');
    throw new RippleError('InvalidArgument', `${name} is not TOML: ${line}${why}`);
  }
  const given = new Map(flatten(table, ''));
  for (const key of given.keys()) {
    if (!CONFIG_KEYS.some((spec) => spec.key === key))
      throw new RippleError('InvalidArgument', `${name}: there is no key "${key}"; see: ripple daemon --print-config`);
  }
  const values = new Map(CONFIG_KEYS.map((spec) => [spec.key, checked(spec, given.get(spec.key), name)]));
  const string = (key: string): string => String(values.get(key));
  const strings = (key: string): readonly string[] => {
    const value = values.get(key);
    return Array.isArray(value) ? value.map(String) : [];
  };
  const integer = (key: string): number => Number(values.get(key));
  const boolean = (key: string): boolean => values.get(key) === true;
  const image = string('image');
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(image) || image === 'config')
    throw new RippleError(
      'InvalidArgument',
      `${name}: image "${image}" must be lower-case letters, digits, "-" and "_"`,
    );
  const colours = string('owner.colours');
  if (colours !== '' && !/^#[0-9a-fA-F]{6},#[0-9a-fA-F]{6}$/.test(colours))
    throw new RippleError('InvalidArgument', `${name}: owner.colours "${colours}" must look like "#rrggbb,#rrggbb"`);
  const isWeb = (url: string): boolean => /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '');
  for (const url of strings('school.upstream'))
    if (!isWeb(url))
      throw new RippleError('InvalidArgument', `${name}: school.upstream: "${url}" is not an http or https URL`);
  for (const url of strings('origins'))
    if (!isWeb(url) && !parseRsyncOrigin(url))
      throw new RippleError('InvalidArgument', `${name}: origins: "${url}" is no URL of http, https or rsync`);
  const quietHours = string('fetch.quiet_hours');
  if (quietHours !== '' && !parseQuietHours(quietHours))
    throw new RippleError('InvalidArgument', `${name}: fetch.quiet_hours "${quietHours}" must look like "22:00-06:30"`);
  const role = string('role');
  const kind = string('discovery.kind');
  return {
    role: role === 'school' || role === 'teacher' ? role : 'laptop',
    image,
    classes: strings('classes'),
    sysroot: string('sysroot'),
    repository: string('repository'),
    keyring: string('keyring'),
    origins: strings('origins').map((origin) => origin.replace(/\/+$/, '')),
    ownerName: string('owner.name'),
    ownerColours: colours,
    stuckMs: integer('class.stuck_minutes') * 60_000,
    busAddress: string('bus.address'),
    busGroup: string('bus.group'),
    busSameUser: boolean('bus.same_user'),
    shareListen: strings('share.listen'),
    sharePort: integer('share.port'),
    shareSlots: integer('share.slots'),
    shareRateBytesPerSecond: integer('share.rate'),
    shareStaged: boolean('share.staged'),
    bundleSpaceBytes: integer('bundles.space'),
    bundleLoadPercent: integer('bundles.load'),
    schoolUpstream: strings('school.upstream').map((url) => url.replace(/\/+$/, '')),
    schoolKeep: integer('school.keep'),
    schoolSpaceBytes: integer('school.space'),
    discoveryKind: kind === 'avahi' || kind === 'bonjour' || kind === 'none' ? kind : 'auto',
    discoveryInterfaces: strings('discovery.interfaces'),
    wakeEnabled: boolean('wake.enabled'),
    wakePort: integer('wake.port'),
    checkMinutes: integer('check.minutes'),
    fetchAutomatic: boolean('fetch.automatic'),
    fetchRateBytesPerSecond: integer('fetch.rate'),
    fetchQuietHours: parseQuietHours(quietHours),
    fetchMetered: boolean('fetch.metered'),
    fetchStallMs: integer('fetch.stall_seconds') * 1000,
    stickWatch: boolean('stick.watch'),
    bootMarker: string('boot.marker'),
    bootTries: integer('boot.tries'),
    restartCommand: strings('boot.restart'),
    scrubRateBytesPerSecond: integer('scrub.rate'),
    scrubDays: integer('scrub.days'),
    scrubLoadPercent: integer('scrub.load'),
    treesBackend: BACKEND_NAMES.find((name) => name === string('trees.backend')) ?? 'auto',
    powerSupplies: string('power.supplies'),
    powerFloorPercent: integer('power.floor'),
  };
}

function* flatten(value: unknown, prefix: string): Generator<[string, unknown]> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)) {
    for (const [key, inner] of Object.entries(value)) yield* flatten(inner, prefix === '' ? key : `${prefix}.${key}`);
  } else {
    yield [prefix, value];
  }
}

function checked(spec: KeySpec, value: unknown, name: string): KeySpec['fallback'] {
  if (value === undefined) return spec.fallback;
  const refuse = (what: string): never => {
    throw new RippleError('InvalidArgument', `${name}: ${spec.key} must be ${what}, not ${JSON.stringify(value)}`);
  };
  switch (spec.kind) {
    case 'string':
      if (typeof value !== 'string') return refuse('a text');
      if (spec.oneOf && !spec.oneOf.includes(value)) return refuse(`one of ${spec.oneOf.join(', ')}`);
      return value;
    case 'strings':
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return refuse('a list of texts');
      return value;
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse('true or false');
    case 'integer': {
      const low = spec.minimum ?? 0;
      const high = spec.maximum ?? Number.MAX_SAFE_INTEGER;
      if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
        return refuse(`a whole number from ${low} to ${high}`);
      return value;
    }
  }
}

/**
 * The documented configuration file with every default, as `ripple daemon --print-config` prints it. `commentedOut`: as a
 * package installs it, so that a default that changes needs no decision from whoever changed another key.
 */
export function documentedConfig(options: { readonly commentedOut?: boolean } = {}): string {
  const mark = options.commentedOut ? '#' : '';
  const lines = ['# Ripple: every key with its default.'];
  let section = '';
  for (const spec of CONFIG_KEYS) {
    const dot = spec.key.indexOf('.');
    const own = dot < 0 ? '' : spec.key.slice(0, dot);
    if (own !== section) lines.push('', `[${own}]`);
    section = own;
    lines.push(`# ${spec.doc}`, `${mark}${spec.key.slice(dot + 1)} = ${JSON.stringify(spec.fallback)}`);
  }
  return `${lines.join('\n')}\n`;
}
