/** What the D-Bus properties hold, as the rest of the program sees it. `description.ts` says how each crosses the bus. */
import type { ErrorCode } from './errors.ts';
import { UPDATER_STATES, type UpdaterState } from './states.ts';

export type Severity = 'normal' | 'critical';
export type Role = 'laptop' | 'school' | 'teacher';

/** One version somebody has told of and whose release verified. Sizes in bytes. */
export interface VersionInfo {
  readonly version: number;
  readonly severity: Severity;
  /** By language tag: what is new, in child words. Empty when the notes are not here yet. */
  readonly notes: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly released: string;
  /** What would have to be fetched to get there from here; 0 when nothing or not known yet. */
  readonly downloadSizeBytes: number;
  /** Ids of the peers, or URLs of the origins, that have it whole. */
  readonly sources: readonly string[];
  /** It is a deployment on this laptop. */
  readonly local: boolean;
}

export interface PeerInfo {
  readonly id: string;
  /** Nickname, empty if the owner does not tell it. */
  readonly name: string;
  /** `#stroke,#fill`, empty if the owner does not tell. */
  readonly colours: string;
  readonly role: Role;
  /** The newest version it has whole and verified (running or held). */
  readonly version: number;
  /** `online`, `getting`, `away` or `banned`. */
  readonly state: 'online' | 'getting' | 'away' | 'banned';
  /** Bytes this peer gave us for the present or last update. */
  readonly givenBytes: number;
  /** Unix seconds; only ever shown, never decided upon. */
  readonly lastSeen: number;
}

export const PROGRESS_PHASES = ['none', 'release', 'manifest', 'blobs', 'checking', 'staging', 'done'] as const;
export type ProgressPhase = (typeof PROGRESS_PHASES)[number];

export interface ProgressInfo {
  readonly version: number;
  readonly phase: ProgressPhase;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes by source id. */
  readonly fromPeers: Readonly<Record<string, number>>;
  /** Seconds left at the present rate; 0 when unknown. */
  readonly etaSeconds: number;
}

export const NO_PROGRESS: ProgressInfo = {
  version: 0,
  phase: 'none',
  doneBytes: 0,
  totalBytes: 0,
  fromPeers: {},
  etaSeconds: 0,
};

export interface LastError {
  readonly code: ErrorCode | 'RolledBack' | '';
  readonly message: string;
}

/** What a teacher has ordered and this laptop has heard, verified. */
export interface OrderInfo {
  readonly version: number;
  /** Orders are numbered; a higher one replaces what was said before. */
  readonly epoch: number;
  /** `now`, `next-boot` or RFC 3339. */
  readonly when: string;
  /** Unix seconds; "later" ends there. 0: none. */
  readonly deadline: number;
  readonly classes: readonly string[];
  /** Why this laptop does not follow it yet, or no more; empty: it does. */
  readonly waits: OrderWait;
}
/** `canaries`: others go first; `halted`: too many went back; `class`: it is for others; `done`: the laptop is on it. */
export const ORDER_WAITS = ['', 'canaries', 'halted', 'class', 'done'] as const;
export type OrderWait = (typeof ORDER_WAITS)[number];

/** One laptop as its teacher sees it. */
export interface LaptopInfo {
  readonly id: string;
  /** Nickname and `#stroke,#fill`: only if the owner allows, else empty. */
  readonly name: string;
  readonly colours: string;
  readonly version: number;
  readonly state: LaptopState;
  /** 0 to 100. */
  readonly progress: number;
  /** Unix seconds; only ever shown. */
  readonly lastSeen: number;
  /** It is here, has something to do, and has not moved for long; or it said that it cannot go on. */
  readonly stuck: boolean;
  /** What it said last went wrong; empty: nothing. */
  readonly error: LastError['code'];
}
/** As `UpdaterState`, and `away` for whoever was heard of and is not there. */
export const LAPTOP_STATES = [...UPDATER_STATES, 'away'] as const;
export type LaptopState = (typeof LAPTOP_STATES)[number];

/** All of it at one moment, as the D-Bus properties tell it. */
export interface UpdaterSnapshot {
  readonly state: UpdaterState;
  readonly image: string;
  readonly bootedVersion: number;
  readonly currentVersion: number;
  readonly previousVersion: number;
  readonly stagedVersion: number;
  readonly versions: readonly VersionInfo[];
  readonly peers: readonly PeerInfo[];
  readonly progress: ProgressInfo;
  /** The order that stands; null: none. */
  readonly order: OrderInfo | null;
  /** Unix seconds; 0: not put off; -1: until the next start. */
  readonly deferredUntil: number;
  readonly restartRequired: boolean;
  readonly lastError: LastError;
  readonly daemonVersion: string;
}

export type When = 'now' | 'next-boot' | number;
