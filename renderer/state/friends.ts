/** Who is in the ring round the child's own figure: only what `Peers`, `Versions` and `Progress` say. */
import type { ActivityProperties, Helper } from '../../service/api/activity.ts';
import type { PeerInfo } from '../../service/api/model.ts';
import { type Colours, coloursOf } from './colours.ts';

/** `has`: whole; `getting`: is getting it; `gone`: had it, and is not there. */
export type FriendState = 'has' | 'getting' | 'gone';

export interface Friend {
  readonly id: string;
  readonly kind: 'friend' | 'school' | 'teacher';
  /** Empty when the owner does not tell. */
  readonly name: string;
  readonly colours: Colours;
  readonly state: FriendState;
  /** Gave us bytes in this update. */
  readonly gives: boolean;
}

export interface Ring {
  readonly shown: readonly Friend[];
  /** How many more there are than are shown. */
  readonly more: number;
}

export const RING_SIZE = 12;
const NAME_LENGTH = 24;
const ORDER: readonly FriendState[] = ['has', 'getting', 'gone'];

/** Control characters, line ends and direction marks; joiners stay, since Persian and Khmer names need them. */
const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A nickname as shown: it comes from the network, so it is cut to something that fits and cannot turn its neighbours. */
export function nickname(name: string): string {
  const clean = name.replace(UNSHOWN, '').trim();
  const letters = [...clean];
  return letters.length > NAME_LENGTH ? `${letters.slice(0, NAME_LENGTH - 1).join('')}…` : clean;
}

function stateOf(peer: PeerInfo, version: number, sources: readonly string[]): FriendState | undefined {
  if (peer.state === 'banned') return undefined;
  const has = peer.version >= version || sources.includes(peer.id);
  if (peer.state === 'away') return has ? 'gone' : undefined;
  if (has) return 'has';
  return peer.state === 'getting' ? 'getting' : undefined;
}

function friend(peer: PeerInfo, state: FriendState, gives: boolean): Friend {
  return {
    id: peer.id,
    kind: peer.role === 'laptop' ? 'friend' : peer.role,
    name: nickname(peer.name),
    colours: coloursOf(peer.colours),
    state,
    gives,
  };
}

/** Somebody who gave a part of what runs now. */
export function helperOf({ id, name, colours, role }: Helper): Friend {
  const kind = role === 'laptop' ? 'friend' : role;
  return { id, kind, name: nickname(name), colours: coloursOf(colours), state: 'has', gives: true };
}

/** Everyone who has `version`, is getting it, or had it: the school first, then those who have it. */
export function friendsOf(properties: ActivityProperties, version: number): readonly Friend[] {
  const sources = properties.versions.find((info) => info.version === version)?.sources ?? [];
  const given = properties.progress.version === version ? properties.progress.fromPeers : {};
  const gives = (id: string): boolean => (given[id] ?? 0) > 0;
  const friends = properties.peers.flatMap((peer) => {
    const state = stateOf(peer, version, sources);
    return state ? [friend(peer, state, gives(peer.id))] : [];
  });
  // An origin that is no neighbour is the school server, or the site behind it: a house either way.
  const origins = [...new Set([...sources, ...Object.keys(given)])].filter(
    (id) => id.includes('://') && !properties.peers.some((peer) => peer.id === id),
  );
  const houses = origins.map(
    (id): Friend => ({ id, kind: 'school', name: '', colours: coloursOf(''), state: 'has', gives: gives(id) }),
  );
  const rank = (one: Friend): number => (one.kind === 'school' ? -1 : ORDER.indexOf(one.state));
  return [...houses, ...friends].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

export function ringOf(friends: readonly Friend[]): Ring {
  return { shown: friends.slice(0, RING_SIZE), more: Math.max(0, friends.length - RING_SIZE) };
}
