/**
 * Which screen a child sees: one pure function of what the main process last said. It never guesses: whatever is drawn
 * or written stands in the D-Bus properties, in the arrival that the main process remembers, or in an error that the
 * daemon answered.
 */
import type { ActivityProperties, ActivitySnapshot } from '../../service/api/activity.ts';
import type { ErrorCode } from '../../service/api/errors.ts';
import { type LaterChoice, laterChoices, laterUntil } from '../../service/api/later.ts';
import type { VersionInfo } from '../../service/api/model.ts';
import { type Friend, friendsOf, helperOf, type Ring, ringOf } from './friends.ts';
import { levelOf } from './progress.ts';
import { type Trouble, troubleOf } from './trouble.ts';

export type Question = 'none' | 'goBack' | 'later';

/** What only the window knows: a question is open, or the last tap was refused with this code. */
export interface WindowState {
  readonly question: Question;
  readonly refused: ErrorCode | '';
  /** Unix seconds, only to see whether "later" is over. */
  readonly nowSeconds: number;
}

/** Seconds until the teacher's deadline; `undefined`: nobody set one for what is on the screen. */
export type Due = number | undefined;

/** Something that mends itself, told while the work goes on. */
export type Hitch = 'none' | 'friendAway' | 'brokenPiece';

export type Screen =
  | { readonly kind: 'starting' }
  | { readonly kind: 'asleep' }
  | { readonly kind: 'idle'; readonly canGoBack: boolean }
  | { readonly kind: 'looking' }
  | {
      readonly kind: 'available';
      readonly version: number;
      readonly notes: VersionInfo['notes'];
      readonly ring: Ring;
      readonly have: readonly Friend[];
      readonly due: Due;
    }
  | { readonly kind: 'later'; readonly version: number; readonly due: Due }
  | { readonly kind: 'laterWhen'; readonly version: number; readonly choices: readonly LaterChoice[] }
  | { readonly kind: 'older' }
  | {
      readonly kind: 'fetching';
      readonly version: number;
      readonly level: number;
      readonly ring: Ring;
      readonly givers: readonly Friend[];
      readonly hitch: Hitch;
    }
  | { readonly kind: 'checking'; readonly version: number; readonly level: number }
  | {
      readonly kind: 'ready';
      readonly version: number;
      readonly back: boolean;
      readonly canDefer: boolean;
      readonly due: Due;
    }
  | { readonly kind: 'restarting' }
  | { readonly kind: 'arrivedNew'; readonly notes: VersionInfo['notes']; readonly helpers: readonly Friend[] }
  | { readonly kind: 'arrivedBack' }
  | { readonly kind: 'goBack'; readonly to: number }
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly retry: number; readonly refused: boolean };

export type ScreenKind = Screen['kind'];

/** The newest version above the running one that somebody has; undefined when there is none. */
function newest(properties: ActivityProperties): VersionInfo | undefined {
  return properties.versions
    .filter((info) => info.version > properties.bootedVersion)
    .sort((a, b) => b.version - a.version)[0];
}

function putOff(properties: ActivityProperties, nowSeconds: number): boolean {
  return properties.deferredUntil === -1 || properties.deferredUntil > nowSeconds;
}

/** The order that stands, if it is about `version` and this laptop follows it. */
function dueOf({ order }: ActivityProperties, version: number, nowSeconds: number): Due {
  if (!order || order.version !== version || order.waits !== '' || order.deadline <= 0) return undefined;
  return Math.max(0, order.deadline - nowSeconds);
}

function canGoBack(properties: ActivityProperties): boolean {
  return properties.previousVersion > 0 && properties.previousVersion < properties.bootedVersion;
}

function readyScreen(properties: ActivityProperties, version: number, nowSeconds: number): Screen {
  return {
    kind: 'ready',
    version,
    back: version < properties.bootedVersion,
    canDefer: version > properties.bootedVersion && !putOff(properties, nowSeconds),
    due: dueOf(properties, version, nowSeconds),
  };
}

function fetchingScreen(properties: ActivityProperties): Screen {
  const level = levelOf(properties.progress);
  const { phase, version } = properties.progress;
  const target = version || newest(properties)?.version || 0;
  if (properties.state === 'staging' || phase === 'checking' || phase === 'staging' || phase === 'done')
    return { kind: 'checking', version: target, level };
  const friends = friendsOf(properties, target);
  const givers = friends.filter((friend) => friend.gives && friend.state !== 'gone');
  return {
    kind: 'fetching',
    version: target,
    level,
    ring: ringOf(friends),
    givers,
    hitch: hitchOf(properties, friends, givers),
  };
}

function hitchOf(properties: ActivityProperties, friends: readonly Friend[], givers: readonly Friend[]): Hitch {
  const { code } = properties.lastError;
  if (code === 'HashMismatch') return 'brokenPiece';
  if (code === 'NoSource') return 'friendAway';
  if (givers.length > 0) return 'none';
  // Whoever sent wrong bytes is banned for the day.
  const { fromPeers } = properties.progress;
  if (properties.peers.some((peer) => peer.state === 'banned' && (fromPeers[peer.id] ?? 0) > 0)) return 'brokenPiece';
  return friends.length > 0 && friends.every((friend) => friend.state !== 'has') ? 'friendAway' : 'none';
}

/** idle, checking and available: nothing is being done for the child just now. */
function restingScreen(properties: ActivityProperties, snapshot: ActivitySnapshot, window: WindowState): Screen {
  if (properties.restartRequired) return readyScreen(properties, properties.currentVersion, window.nowSeconds);
  if (snapshot.arrival === 'back' || properties.lastError.code === 'RolledBack') return { kind: 'arrivedBack' };
  if (snapshot.arrival === 'new') {
    const notes = properties.versions.find((one) => one.version === properties.bootedVersion)?.notes ?? {};
    return { kind: 'arrivedNew', notes, helpers: snapshot.helpers.map(helperOf) };
  }
  const info = newest(properties);
  // An offer stands while the daemon looks again by itself; one that was gone back from was none.
  const offered = info !== undefined && info.version !== properties.previousVersion;
  if (properties.state === 'checking' && !offered) return { kind: 'looking' };
  const trouble = troubleOf(properties.lastError.code);
  if (trouble) return { kind: 'trouble', trouble, retry: info?.version ?? 0, refused: false };
  // The fallback is newer than what runs: this laptop went back, whoever else is near.
  if (!info && properties.previousVersion > properties.bootedVersion) return { kind: 'older' };
  if (!info) return { kind: 'idle', canGoBack: canGoBack(properties) };
  if (putOff(properties, window.nowSeconds))
    return { kind: 'later', version: info.version, due: dueOf(properties, info.version, window.nowSeconds) };
  // The daemon does not offer a version again that this laptop went back from.
  if (properties.state === 'idle') return { kind: 'older' };
  const friends = friendsOf(properties, info.version);
  return {
    kind: 'available',
    version: info.version,
    notes: info.notes,
    ring: ringOf(friends),
    have: friends.filter((friend) => friend.state === 'has'),
    due: dueOf(properties, info.version, window.nowSeconds),
  };
}

/** The question "when, then?" stands over whatever can be put off. */
function askingWhen(screen: Screen, window: WindowState): Screen {
  const canPutOff = screen.kind === 'available' || (screen.kind === 'ready' && screen.canDefer);
  if (window.question !== 'later' || !canPutOff) return screen;
  const nowMs = window.nowSeconds * 1000;
  // Nobody is offered a time after the deadline; turning it off is always before it.
  const { due } = screen;
  const fits = (choice: LaterChoice): boolean =>
    due === undefined || choice === 'turnOff' || laterUntil(choice, nowMs) < window.nowSeconds + due;
  return { kind: 'laterWhen', version: screen.version, choices: laterChoices(nowMs).filter(fits) };
}

export function screenOf(snapshot: ActivitySnapshot, window: WindowState): Screen {
  const { properties } = snapshot;
  if (!properties || snapshot.daemon !== 'present') {
    // A laptop that restarts takes its daemon with it: that is no trouble.
    if (properties?.state === 'restarting') return { kind: 'restarting' };
    return { kind: snapshot.daemon === 'connecting' ? 'starting' : 'asleep' };
  }
  if (window.refused !== '') {
    const trouble = troubleOf(window.refused);
    if (trouble) return { kind: 'trouble', trouble, retry: newest(properties)?.version ?? 0, refused: true };
  }
  switch (properties.state) {
    case 'idle':
    case 'checking':
    case 'available':
      if (window.question === 'goBack' && canGoBack(properties))
        return { kind: 'goBack', to: properties.previousVersion };
      return askingWhen(restingScreen(properties, snapshot, window), window);
    case 'fetching':
    case 'staging':
      return fetchingScreen(properties);
    case 'ready':
      return askingWhen(
        readyScreen(properties, properties.stagedVersion || properties.currentVersion, window.nowSeconds),
        window,
      );
    case 'restarting':
      return { kind: 'restarting' };
    case 'failed':
      return {
        kind: 'trouble',
        trouble: troubleOf(properties.lastError.code) ?? 'didNotWork',
        retry: newest(properties)?.version ?? 0,
        refused: false,
      };
  }
}
