/**
 * The dictionaries of the Updater interface → the model that the rest of the program uses. Keys that are missing or have
 * another type get the model's empty value: an older or newer daemon must not stop the screen.
 */
import type { ClassroomProperties, Properties, Variant, VariantDict } from '../service/api/description.ts';
import { ERROR_CODES } from '../service/api/errors.ts';
import {
  LAPTOP_STATES,
  type LaptopInfo,
  type LastError,
  ORDER_WAITS,
  type OrderInfo,
  type PeerInfo,
  PROGRESS_PHASES,
  type ProgressInfo,
  type Role,
  type UpdaterSnapshot,
  type VersionInfo,
} from '../service/api/model.ts';
import { UPDATER_STATES } from '../service/api/states.ts';

const ROLES: readonly Role[] = ['laptop', 'school', 'teacher'];
const LAST_ERROR_CODES: readonly LastError['code'][] = [...ERROR_CODES, 'RolledBack', ''];
const PEER_STATES: readonly PeerInfo['state'][] = ['online', 'getting', 'away', 'banned'];

/** All properties; `undefined` while the daemon's state is not known. */
export function decodeSnapshot(values: Partial<Properties>): UpdaterSnapshot | undefined {
  const state = UPDATER_STATES.find((known) => known === values.State);
  if (!state) return undefined;
  return {
    state,
    image: values.Image ?? '',
    bootedVersion: values.BootedVersion ?? 0,
    currentVersion: values.CurrentVersion ?? 0,
    previousVersion: values.PreviousVersion ?? 0,
    stagedVersion: values.StagedVersion ?? 0,
    versions: decodeVersions(values.Versions),
    peers: decodePeers(values.Peers),
    progress: decodeProgress(values.Progress),
    order: decodeOrder(values.Order),
    deferredUntil: Number(values.DeferredUntil ?? 0n),
    restartRequired: values.RestartRequired ?? false,
    lastError: decodeLastError(values.LastError),
    daemonVersion: values.DaemonVersion ?? '',
  };
}

export function decodeVersions(versions: Properties['Versions'] | undefined): readonly VersionInfo[] {
  return (versions ?? []).map(decodeVersion);
}

/** Also what `UpdateAvailable` and `UpdateReady` carry. */
export function decodeVersion(dict: VariantDict): VersionInfo {
  return {
    version: number(dict, 'version'),
    severity: text(dict, 'severity') === 'critical' ? 'critical' : 'normal',
    notes: entries(dict, 'notes', 'a{ss}', (value) => (typeof value === 'string' ? value : undefined)),
    released: text(dict, 'released'),
    downloadSizeBytes: number(dict, 'downloadSize'),
    sources: texts(dict, 'sources'),
    local: own(dict, 'local')?.value === true,
  };
}

export function decodePeers(peers: Properties['Peers'] | undefined): readonly PeerInfo[] {
  return (peers ?? []).map((dict) => ({
    id: text(dict, 'id'),
    name: text(dict, 'name'),
    colours: text(dict, 'colours'),
    role: oneOf(ROLES, text(dict, 'role'), 'laptop'),
    version: number(dict, 'version'),
    state: oneOf(PEER_STATES, text(dict, 'state'), 'away'),
    givenBytes: number(dict, 'givenBytes'),
    lastSeen: number(dict, 'lastSeen'),
  }));
}

export function decodeProgress(progress: Properties['Progress'] | undefined): ProgressInfo {
  const dict = progress ?? {};
  return {
    version: number(dict, 'version'),
    phase: oneOf(PROGRESS_PHASES, text(dict, 'phase'), 'none'),
    doneBytes: number(dict, 'doneBytes'),
    totalBytes: number(dict, 'totalBytes'),
    fromPeers: entries(dict, 'fromPeers', 'a{st}', (value) => (typeof value === 'bigint' ? Number(value) : undefined)),
    etaSeconds: number(dict, 'etaSeconds'),
  };
}

/** Also what `OrderReceived` carries. Without a version it is none. */
export function decodeOrder(order: Properties['Order'] | undefined): OrderInfo | null {
  const dict = order ?? {};
  const version = number(dict, 'version');
  if (version === 0) return null;
  return {
    version,
    epoch: number(dict, 'epoch'),
    when: text(dict, 'when'),
    deadline: number(dict, 'deadline'),
    classes: texts(dict, 'classes'),
    waits: oneOf(ORDER_WAITS, text(dict, 'waits'), ''),
  };
}

export function decodeLaptops(laptops: ClassroomProperties['Laptops']): readonly LaptopInfo[] {
  return laptops.map((dict) => ({
    id: text(dict, 'id'),
    name: text(dict, 'name'),
    colours: text(dict, 'colours'),
    version: number(dict, 'version'),
    state: oneOf(LAPTOP_STATES, text(dict, 'state'), 'away'),
    progress: Math.min(100, number(dict, 'progress')),
    lastSeen: number(dict, 'lastSeen'),
    stuck: own(dict, 'stuck')?.value === true,
    error: oneOf(LAST_ERROR_CODES, text(dict, 'error'), ''),
  }));
}

export function decodeLastError(error: Properties['LastError'] | undefined): LastError {
  const dict = error ?? {};
  return { code: oneOf(LAST_ERROR_CODES, text(dict, 'code'), ''), message: text(dict, 'message') };
}

function own(dict: VariantDict, key: string): Variant | undefined {
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}

function text(dict: VariantDict, key: string): string {
  const value = own(dict, key)?.value;
  return typeof value === 'string' ? value : '';
}

/** Byte counts stay far below 2^53. */
function number(dict: VariantDict, key: string): number {
  const value = own(dict, key)?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function texts(dict: VariantDict, key: string): readonly string[] {
  const value = own(dict, key)?.value;
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function entries<V>(
  dict: VariantDict,
  key: string,
  signature: string,
  read: (value: unknown) => V | undefined,
): Readonly<Record<string, V>> {
  const variant = own(dict, key);
  if (variant?.signature !== signature || typeof variant.value !== 'object' || variant.value === null) return {};
  return Object.fromEntries(
    Object.entries(variant.value).flatMap(([name, value]) => {
      const got = read(value);
      return got === undefined ? [] : [[name, got]];
    }),
  );
}

function oneOf<T extends string>(allowed: readonly T[], value: string, otherwise: T): T {
  return allowed.find((one) => one === value) ?? otherwise;
}
