/** What the D-Bus properties hold, as the rest of the program sees it. `description.ts` says how each crosses the bus. */
import type { ErrorCode } from './errors.ts';
import type { UpdaterState } from './states.ts';

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
  /** Unix seconds; 0: not put off; -1: until the next start. */
  readonly deferredUntil: number;
  readonly restartRequired: boolean;
  readonly lastError: LastError;
  readonly daemonVersion: string;
}

export type When = 'now' | 'next-boot' | number;
