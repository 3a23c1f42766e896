/**
 * What the engine needs from the world. Each interface is small, has a real implementation in an adapter folder, and
 * says what it promises. Adapters import this file; this file imports only `api`.
 */
import type { Role } from '../api/model.ts';

/** 64 lower-case hex digits. */
export type Sha256 = string;

export interface BlobRef {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

/**
 * A place bytes come from. Nothing that it returns is trusted. `read*` fail with `RippleError`:
 * `NoSource` (unreachable, 404, 503, wrong type), `HashMismatch` (wrong or excess or missing bytes), `Cancelled`.
 */
export interface Source {
  /** Peer id, or the URL of an origin, or the path of a folder. Used as key in every count. */
  readonly id: string;
  readonly kind: 'peer' | 'school' | 'origin' | 'folder' | 'rsync';
  /**
   * A small document (`*.pgp`), at most `maxBytes` long, or `undefined` if the source does not have it.
   * `path` is relative to the repository root, e.g. `images/xo/7.pgp`.
   */
  readDocument(path: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * The bytes of a blob from `offset` on, in order. Never more than `ref.sizeBytes - offset` bytes are yielded: the
   * excess is an error. The caller hashes.
   */
  readBlob(ref: BlobRef, offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** How long the bundle is; `undefined` if the source does not have it. A source without this method has no bundles. */
  bundleSize?(name: BundleName, signal?: AbortSignal): Promise<number | undefined>;
  /** The bundle from `offset` on; `undefined` if the source does not have it. */
  openBundle?(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined>;
  /** The same for the difference of two blobs. */
  openDiff?(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined>;
}

/** Between two manifests; of a diff, between two blobs. */
export interface BundleName {
  readonly from: Sha256;
  readonly to: Sha256;
}

/** Whoever opened it calls `close` in any case. */
export interface OpenedBundle {
  /** Of the whole bundle, as the source says. */
  readonly sizeBytes: number;
  /** Where `chunks` begins: as asked, or 0 when the source has no such offset. */
  readonly offset: number;
  /** Exactly `sizeBytes - offset` bytes, else an error. To be read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** A neighbour as discovery knows it: a hint, never authority. */
export interface Neighbour {
  readonly id: string;
  readonly image: string;
  /** Version it runs and has rebooted into. */
  readonly version: number;
  /** Newer version it holds whole and verified, 0 if none. */
  readonly held: number;
  /** Newer version that it is getting, and gives verified pieces of; 0: none. */
  readonly getting: number;
  readonly role: Role;
  readonly latestEpoch: number;
  readonly orderEpoch: number;
  /** The version that it went back from by itself; 0: none. */
  readonly wentBackFrom: number;
  /** Whether it does as the order that it carries says, as far as it can. */
  readonly follows: boolean;
  readonly state: string;
  /** 0–100. */
  readonly progress: number;
  readonly name: string;
  readonly colours: string;
  /** Where its HTTP side answers, e.g. `http://127.0.0.1:8100`; several when it has several addresses. */
  readonly urls: readonly string[];
  /** Unix milliseconds by this machine's clock: shown only. */
  readonly lastSeenMs: number;
  /** False after it missed its liveness checks or said goodbye. */
  readonly alive: boolean;
}

/** What this machine says of itself. */
export interface Announcement {
  readonly id: string;
  readonly image: string;
  readonly version: number;
  readonly held: number;
  /** Newer version that it is getting, and gives verified pieces of; 0: none. */
  readonly getting: number;
  readonly role: Role;
  readonly latestEpoch: number;
  readonly orderEpoch: number;
  /** The version that it went back from by itself; 0: none. */
  readonly wentBackFrom: number;
  /** Whether it does as the order that it carries says, as far as it can. */
  readonly follows: boolean;
  readonly state: string;
  readonly progress: number;
  /** Empty unless the owner allows. */
  readonly name: string;
  readonly colours: string;
  readonly port: number;
}

export interface Discovery {
  /** Starts announcing and browsing; resolves once the first announcement is out. */
  start(announcement: Announcement): Promise<void>;
  /** Replaces what is announced; cheap to call often: changes are coalesced and rate-limited. */
  announce(announcement: Announcement): void;
  /** Present neighbours, this machine left out. */
  neighbours(): readonly Neighbour[];
  /** Called whenever `neighbours()` changed. */
  onChange(listener: () => void): void;
  /** Asks the network again now (rate-limited). */
  refresh(): void;
  /**
   * Whether this neighbour answers now: to be asked after it failed. Never rejects; an unknown id does not answer.
   * `neighbours()` has the outcome when this resolves.
   */
  probe(id: string): Promise<boolean>;
  /** Says goodbye and frees the sockets. */
  stop(): Promise<void>;
}

export interface Clock {
  /** Monotonic milliseconds: every decision uses this one. */
  monotonicMs(): number;
  /** Unix milliseconds: only shown and logged. */
  wallMs(): number;
}

export interface Logger {
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
}
