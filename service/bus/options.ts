/** The option dictionaries of the methods, read strictly: what is not understood is refused, not passed over. */
import type { VariantDict } from '../api/description.ts';
import { RippleError } from '../api/errors.ts';
import type { When } from '../api/model.ts';

const LOOPBACK = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}$/;

/** For methods that take no options yet. Throws `RippleError` InvalidArgument. */
export function noOptions(method: string, options: VariantDict): void {
  onlyKeys(method, options, []);
}

/**
 * `origin`: who on this very machine gives a repository for a while, e.g. one on a stick. The daemon asks nobody else's
 * address because a caller wants it. Throws `RippleError` InvalidArgument.
 */
export function checkOptions(options: VariantDict): string | undefined {
  onlyKeys('Check', options, ['origin']);
  const origin = value(options, 'origin');
  if (origin === undefined) return undefined;
  if (typeof origin !== 'string' || !LOOPBACK.test(origin) || !URL.canParse(origin))
    throw invalid(`Check: option "origin" is ${shown(origin)}; give http://127.0.0.1:PORT`);
  return origin;
}

/** `when`: "now", "next-boot" (also when left out) or a unix time. Throws `RippleError` InvalidArgument. */
export function acceptOptions(options: VariantDict): When {
  onlyKeys('Accept', options, ['when']);
  const when = value(options, 'when');
  if (when === undefined || when === 'next-boot') return 'next-boot';
  if (when === 'now') return 'now';
  const time = integer(when);
  if (time === undefined || time <= 0)
    throw invalid(`Accept: option "when" is ${shown(when)}; give "now", "next-boot" or a unix time`);
  return time;
}

/** `until`: a unix time, or -1 for "until the next start"; needed. Throws `RippleError` InvalidArgument. */
export function deferOptions(options: VariantDict): number {
  onlyKeys('Defer', options, ['until']);
  const until = value(options, 'until');
  const time = integer(until);
  if (time === undefined || time < -1)
    throw invalid(`Defer: option "until" is ${shown(until)}; give a unix time (int64), or -1 for the next start`);
  return time;
}

/** Versions are positive. Throws `RippleError` InvalidArgument. */
export function positiveVersion(method: string, version: number): number {
  if (version === 0) throw invalid(`${method}: version 0 does not exist; versions begin with 1`);
  return version;
}

function onlyKeys(method: string, options: VariantDict, known: readonly string[]): void {
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw invalid(
        `${method}: unknown option ${shown(key)}; ${known.length > 0 ? `known: ${known.join(', ')}` : 'it takes none'}`,
      );
}

function value(options: VariantDict, key: string): unknown {
  return Object.hasOwn(options, key) ? options[key]?.value : undefined;
}

/** Any of the bus's integer types, if it fits a double exactly. */
function integer(given: unknown): number | undefined {
  if (typeof given !== 'number' && typeof given !== 'bigint') return undefined;
  const number = Number(given);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** What the caller gave, short and on one line. */
function shown(given: unknown): string {
  if (given === undefined) return 'missing';
  if (typeof given === 'string') return JSON.stringify(given.length > 40 ? `${given.slice(0, 40)}…` : given);
  return typeof given === 'number' || typeof given === 'bigint' ? String(given) : 'of another type';
}

function invalid(message: string): RippleError {
  return new RippleError('InvalidArgument', message);
}
