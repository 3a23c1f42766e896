/** Who helped with a version: kept while it comes in, shown once it runs. Pure. */
import type { ActivityProperties, Helper } from '../service/api/activity.ts';

export interface Helped {
  /** The version that they gave of; 0: none yet. */
  readonly version: number;
  readonly helpers: readonly Helper[];
}

export const NOBODY_YET: Helped = { version: 0, helpers: [] };
/** As many as the ring shows. */
const MOST = 12;

/** What to remember after these properties were heard. */
export function rememberHelpers(helped: Helped, properties: Pick<ActivityProperties, 'progress' | 'peers'>): Helped {
  const { version, fromPeers } = properties.progress;
  const given = Object.entries(fromPeers).filter(([, bytes]) => bytes > 0);
  if (version <= 0 || given.length === 0) return helped;
  const known = new Map(helped.version === version ? helped.helpers.map((helper) => [helper.id, helper]) : []);
  const helpers = given
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST)
    .map(([id]): Helper => {
      const peer = properties.peers.find((one) => one.id === id);
      if (peer) return { id, name: peer.name, colours: peer.colours, role: peer.role };
      // Somebody who went away meanwhile, or an origin that is no neighbour: the school or what is behind it.
      return known.get(id) ?? { id, name: '', colours: '', role: id.includes('://') ? 'school' : 'laptop' };
    });
  return { version, helpers };
}

function isHelper(value: unknown): value is Helper {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, colours, role } = Object.fromEntries(Object.entries(value));
  const texts = [id, name, colours].every((text) => typeof text === 'string' && text.length < 256);
  return texts && (role === 'laptop' || role === 'school' || role === 'teacher');
}

/** From the person's file; anything else is nobody. */
export function parseHelped(value: unknown): Helped {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('helpers' in value)) return NOBODY_YET;
  const { version, helpers } = value;
  if (typeof version !== 'number' || !Number.isInteger(version) || !Array.isArray(helpers)) return NOBODY_YET;
  return { version, helpers: helpers.filter(isHelper).slice(0, MOST) };
}
