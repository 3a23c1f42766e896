/** The model → what crosses the bus. Everything is brought into range here, so that sending cannot fail. */
import {
  type InterfaceDescription,
  type Properties,
  type SignatureTypes,
  UPDATER,
  type Variant,
  type VariantDict,
} from '../api/description.ts';
import type { LaptopInfo, LastError, OrderInfo, PeerInfo, ProgressInfo, VersionInfo } from '../api/model.ts';
import type { UpdaterSnapshot } from '../core/updater.ts';

export function encodeProperties(snapshot: UpdaterSnapshot): Properties {
  return {
    State: snapshot.state,
    Image: string(snapshot.image),
    BootedVersion: uint32(snapshot.bootedVersion),
    CurrentVersion: uint32(snapshot.currentVersion),
    PreviousVersion: uint32(snapshot.previousVersion),
    StagedVersion: uint32(snapshot.stagedVersion),
    Versions: snapshot.versions.map(encodeVersion),
    Peers: snapshot.peers.map(encodePeer),
    Progress: encodeProgress(snapshot.progress),
    Order: snapshot.order === null ? {} : encodeOrder(snapshot.order),
    DeferredUntil: int64(snapshot.deferredUntil),
    RestartRequired: snapshot.restartRequired,
    LastError: encodeLastError(snapshot.lastError),
    DaemonVersion: string(snapshot.daemonVersion),
  };
}

export function encodeVersion(info: VersionInfo): VariantDict {
  return {
    version: variant('u', uint32(info.version)),
    severity: variant('s', info.severity),
    notes: variant('a{ss}', mapValues(info.notes, string)),
    released: variant('s', string(info.released)),
    downloadSize: variant('t', uint64(info.downloadSizeBytes)),
    sources: variant('as', info.sources.map(string)),
    local: variant('b', info.local),
  };
}

export function encodePeer(peer: PeerInfo): VariantDict {
  return {
    id: variant('s', string(peer.id)),
    name: variant('s', string(peer.name)),
    colours: variant('s', string(peer.colours)),
    role: variant('s', peer.role),
    version: variant('u', uint32(peer.version)),
    state: variant('s', peer.state),
    givenBytes: variant('t', uint64(peer.givenBytes)),
    lastSeen: variant('x', int64(peer.lastSeen)),
  };
}

export function encodeProgress(progress: ProgressInfo): VariantDict {
  return {
    version: variant('u', uint32(progress.version)),
    phase: variant('s', progress.phase),
    doneBytes: variant('t', uint64(progress.doneBytes)),
    totalBytes: variant('t', uint64(progress.totalBytes)),
    fromPeers: variant('a{st}', mapValues(progress.fromPeers, uint64)),
    etaSeconds: variant('u', uint32(progress.etaSeconds)),
  };
}

export function encodeOrder(order: OrderInfo): VariantDict {
  return {
    version: variant('u', uint32(order.version)),
    epoch: variant('t', uint64(order.epoch)),
    when: variant('s', string(order.when)),
    deadline: variant('x', int64(order.deadline)),
    classes: variant('as', order.classes.map(string)),
    waits: variant('s', order.waits),
  };
}

export function encodeLaptop(laptop: LaptopInfo): VariantDict {
  return {
    id: variant('s', string(laptop.id)),
    name: variant('s', string(laptop.name)),
    colours: variant('s', string(laptop.colours)),
    version: variant('u', uint32(laptop.version)),
    state: variant('s', laptop.state),
    progress: variant('u', uint32(laptop.progress)),
    lastSeen: variant('x', int64(laptop.lastSeen)),
    stuck: variant('b', laptop.stuck),
    error: variant('s', laptop.error),
  };
}

export function encodeLastError(error: LastError): VariantDict {
  return { code: variant('s', error.code), message: variant('s', string(error.message)) };
}

/** Property values as `Get` and `GetAll` give them: each with the signature that the description says. */
export function asVariants(
  description: Pick<InterfaceDescription, 'properties'>,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Variant>> {
  return Object.fromEntries(
    Object.entries(description.properties).map(([name, { signature }]) => [name, { signature, value: values[name] }]),
  );
}

/** The updater's properties, ready for the bus. */
export function updaterVariants(snapshot: UpdaterSnapshot): Readonly<Record<string, Variant>> {
  return asVariants(UPDATER, encodeProperties(snapshot));
}

/** The same text for the same value; made to be compared only. */
export function fingerprint(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
}

function variant<S extends keyof SignatureTypes>(signature: S, value: SignatureTypes[S]): Variant {
  return { signature, value };
}

/** Names and notes come from others; a D-Bus string must not hold NUL. */
export function string(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

export function uint32(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), 0xffff_ffff) : 0;
}

function uint64(value: number): bigint {
  return BigInt(Math.max(safe(value), 0));
}

function int64(value: number): bigint {
  return BigInt(safe(value));
}

function safe(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.trunc(Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [string(key), change(value)]));
}
