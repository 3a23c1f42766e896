/** What the boot script left behind about this start: which tree was taken, and why. */
import { readFileSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { type Deployment, parseDeploymentName } from './layout.ts';

/**
 * - `normal`: the current version;
 * - `tries-used-up`: the current version was on trial and was started too often without being blessed;
 * - `key-held`: the child held the key for the previous version;
 * - `unusable`: the current version's tree is not there;
 * - `not-counted`: the current version is on trial, and the try could not be written down;
 * - `last-resort`: the current version although it should not be, for there is no previous one.
 */
export const BOOT_REASONS = ['normal', 'tries-used-up', 'key-held', 'unusable', 'not-counted', 'last-resort'] as const;
export type BootReason = (typeof BOOT_REASONS)[number];

export interface Booted {
  readonly deployment: Deployment;
  readonly reason: BootReason;
  /** Number of the config that was taken. */
  readonly config: number;
  /** The current version, when the boot script took another one. */
  readonly from?: Deployment;
  /** The health check that failed when the current version was last tried. */
  readonly unhealthy?: string;
}

/** `RUN/booted` may not be longer. */
const MAX_BYTES = 4096;

/** Reads the marker at `path`; `undefined` when there is none: this machine was not started by the boot script. */
export function readBooted(path: string): Booted | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const booted = parseBooted(text);
  if (booted === undefined) throw new RippleError('IoError', `${path}: not what the boot script writes`);
  return booted;
}

/** Lines `key=value`; keys that are not known are left alone. */
export function parseBooted(text: string): Booted | undefined {
  if (text.length > MAX_BYTES) return undefined;
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const deployment = parseDeploymentName(values.get('deployment') ?? '');
  const reason = BOOT_REASONS.find((known) => known === values.get('reason'));
  const config = Number(values.get('config') ?? Number.NaN);
  if (deployment === undefined || reason === undefined || !Number.isSafeInteger(config)) return undefined;
  const from = parseDeploymentName(values.get('from') ?? '');
  const unhealthy = /^[A-Za-z0-9._ -]{1,80}$/.exec(values.get('unhealthy') ?? '')?.[0];
  return { deployment, reason, config, ...(from && { from }), ...(unhealthy !== undefined && { unhealthy }) };
}
