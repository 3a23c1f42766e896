/** What a daemon tells of itself at `GET /status`: JSON, small, unsigned. For a teacher's map; nothing is decided by it. */
import { ERROR_CODES } from '../api/errors.ts';
import type { LastError } from '../api/model.ts';
import { UPDATER_STATES, type UpdaterState } from '../api/states.ts';
import { readJsonDocument } from './json-reader.ts';

export const MAX_REPORT_BYTES = 4096;
const MAX_VERSION = 0xffff_ffff;
const CODES: readonly LastError['code'][] = ['', 'RolledBack', ...ERROR_CODES];

export interface LaptopReport {
  readonly id: string;
  readonly image: string;
  readonly version: number;
  readonly state: UpdaterState;
  /** 0 to 100. */
  readonly progress: number;
  /** Of what went wrong last; empty: nothing. */
  readonly error: LastError['code'];
  /** The version it went back from by itself; 0: none. */
  readonly rolledBackFrom: number;
  /** Number of the order that it carries; 0: none. */
  readonly orderEpoch: number;
  /** Empty unless the owner allows. */
  readonly name: string;
  readonly colours: string;
}

export function formatReport(report: LaptopReport): Uint8Array {
  return Buffer.from(`${JSON.stringify(report)}\n`);
}

/** @throws RippleError `InvalidArgument` naming what is not as it must be */
export function parseReport(bytes: Uint8Array): LaptopReport {
  const json = readJsonDocument('status', bytes, { maxBytes: MAX_REPORT_BYTES, maxDepth: 3 });
  return {
    id: json.matching('id', /^[A-Za-z0-9_-]+$/, 'letters and digits', 48),
    image: json.string('image', 64),
    version: json.integer('version', 0, MAX_VERSION),
    state: json.oneOf('state', UPDATER_STATES),
    progress: json.integer('progress', 0, 100),
    error: json.oneOf('error', CODES),
    rolledBackFrom: json.integer('rolledBackFrom', 0, MAX_VERSION),
    orderEpoch: json.integer('orderEpoch', 0, Number.MAX_SAFE_INTEGER),
    name: json.string('name', 64),
    colours: json.matching('colours', /^(#[0-9a-fA-F]{6},#[0-9a-fA-F]{6})?$/, '"#rrggbb,#rrggbb" or empty', 15),
  };
}
