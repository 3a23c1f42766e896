/**
 * What the activity's window and its main process say to each other. The window only ever sees an `ActivitySnapshot`
 * and only ever asks an `ActivityCall`: it holds no D-Bus connection, no file and no key.
 */
import { ERROR_CODES, type ErrorCode } from './errors.ts';
import { LATER_CHOICES, type LaterChoice } from './later.ts';
import type { LaptopInfo, Role, UpdaterSnapshot } from './model.ts';

/** The daemon's D-Bus properties, in plain JSON. */
export type ActivityProperties = Omit<UpdaterSnapshot, 'daemonVersion'>;

/**
 * What the last start of the laptop brought and the person has not answered yet. `new`: a newer version runs and there
 * is one to go back to; `back`: an older version than before runs.
 */
export type Arrival = 'none' | 'new' | 'back';

/** The person at the screen, from the desktop's own settings. */
export interface Owner {
  readonly name: string;
  /** `#stroke,#fill`. */
  readonly colours: string;
}

/** Who gave a part of the version that runs: remembered over the restart, so that the child can see who helped. */
export interface Helper {
  readonly id: string;
  readonly name: string;
  /** `#stroke,#fill`, or empty. */
  readonly colours: string;
  readonly role: Role;
}

export interface ActivitySnapshot {
  /** `connecting` only until the first answer; `absent`: the daemon or the bus is not there. */
  readonly daemon: 'connecting' | 'present' | 'absent';
  /** The last that were heard; kept for a moment while the daemon restarts, then null. */
  readonly properties: ActivityProperties | null;
  readonly arrival: Arrival;
  /** For an `arrival` of something new, the most generous first. */
  readonly helpers: readonly Helper[];
  /** The class, on a school server or a teacher's laptop; null elsewhere. */
  readonly classroom: readonly LaptopInfo[] | null;
  readonly owner: Owner;
}

export const UNKNOWN_OWNER: Owner = { name: '', colours: '' };
export const CONNECTING: ActivitySnapshot = {
  daemon: 'connecting',
  properties: null,
  arrival: 'none',
  helpers: [],
  classroom: null,
  owner: UNKNOWN_OWNER,
};

/**
 * Everything the window may ask for. `defer` puts a version off until the time chosen; `restart` chooses a staged version and
 * restarts into it; `goBack` chooses the previous one and restarts into it; `acknowledge` answers the `arrival`.
 */
export const CALL_NAMES = [
  'check',
  'fetch',
  'cancel',
  'defer',
  'restart',
  'goBack',
  'acknowledge',
  'order',
  'stopOrder',
] as const;
export type CallName = (typeof CALL_NAMES)[number];
type WithVersion = 'fetch' | 'restart';
/** Longest text in a call. */
const MAX_TEXT = 512;

export type ActivityCall =
  | { readonly name: WithVersion; readonly version: number }
  | { readonly name: 'defer'; readonly version: number; readonly until: LaterChoice }
  | ({ readonly name: 'order'; readonly version: number } & OrderWish)
  | { readonly name: 'stopOrder'; readonly passphrase: string }
  | { readonly name: Exclude<CallName, WithVersion | 'defer' | 'order' | 'stopOrder'> };

/** What a teacher asks of the class. The key lies in the teacher's own files; its passphrase is used once and not kept. */
export interface OrderWish {
  /** `now`, `next-boot` or RFC 3339. */
  readonly when: string;
  /** RFC 3339. */
  readonly deadline: string;
  readonly canaries: number;
  /** Name of one class; empty: everyone. */
  readonly class: string;
  readonly passphrase: string;
}

/** `message`: for teachers, in the words of the daemon or the command; never shown to a child. */
export type CallResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly message?: string };

/** What the window is given to talk with: by the preload in Electron, by the bridge in Chromium. */
export interface ActivityTransport {
  /** `listener` hears the present snapshot at once and every later one. */
  subscribe(listener: (snapshot: ActivitySnapshot) => void): void;
  call(call: ActivityCall): Promise<CallResult>;
}

/** The one parser of what the window asks; `undefined` for anything that is not in the list. */
export function parseCall(value: unknown): ActivityCall | undefined {
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  const name = CALL_NAMES.find((candidate) => candidate === value.name);
  if (name === undefined) return undefined;
  const members = new Map(Object.entries(value));
  const text = (key: string, most: number): string | undefined => {
    const member = members.get(key);
    return typeof member === 'string' && member.length <= most ? member : undefined;
  };
  const version = members.get('version');
  const numbered =
    typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= 0xffffffff
      ? version
      : undefined;
  switch (name) {
    case 'fetch':
    case 'restart':
      return numbered === undefined ? undefined : { name, version: numbered };
    case 'defer': {
      const until = LATER_CHOICES.find((choice) => choice === members.get('until'));
      return numbered === undefined || until === undefined ? undefined : { name, version: numbered, until };
    }
    case 'stopOrder': {
      const passphrase = text('passphrase', MAX_TEXT);
      return passphrase === undefined ? undefined : { name, passphrase };
    }
    case 'order': {
      const [when, deadline, passphrase, one] = [
        text('when', MAX_TEXT),
        text('deadline', MAX_TEXT),
        text('passphrase', MAX_TEXT),
        text('class', MAX_TEXT),
      ];
      const canaries = members.get('canaries');
      if (numbered === undefined || when === undefined || deadline === undefined || passphrase === undefined)
        return undefined;
      if (one === undefined || typeof canaries !== 'number' || !Number.isInteger(canaries) || canaries < 0)
        return undefined;
      return { name, version: numbered, when, deadline, passphrase, class: one, canaries };
    }
    default:
      return { name };
  }
}

/** The parser of the answer. Whatever cannot be read counts as `Internal`. */
export function parseResult(value: unknown): CallResult {
  if (typeof value === 'object' && value !== null && 'ok' in value) {
    if (value.ok === true) return { ok: true };
    const given = 'code' in value ? value.code : undefined;
    const code = ERROR_CODES.find((known) => known === given) ?? 'Internal';
    const message = 'message' in value && typeof value.message === 'string' ? value.message : undefined;
    return { ok: false, code, ...(message === undefined ? {} : { message }) };
  }
  return { ok: false, code: 'Internal' };
}
