/**
 * What the last start of the laptop brought, from the D-Bus properties and the one number that this person's files hold:
 * the version they last had before them and said yes to. Pure.
 */
import type { ActivityProperties, Arrival } from '../service/api/activity.ts';

/** `seenVersion` 0: nothing is remembered yet. `wentBack`: told that the laptop went back, and not answered yet. */
export interface Seen {
  readonly seenVersion: number;
  readonly wentBack: boolean;
}

export const NOTHING_SEEN: Seen = { seenVersion: 0, wentBack: false };

type Versions = Pick<ActivityProperties, 'bootedVersion' | 'currentVersion' | 'previousVersion' | 'lastError'>;

/** What to remember after these properties were heard. The first version ever seen is no news. */
export function remember(seen: Seen, properties: Versions): Seen {
  const { bootedVersion, lastError } = properties;
  const seenVersion = seen.seenVersion === 0 ? bootedVersion : seen.seenVersion;
  // The daemon forgets that it went back at its next check; the person has to be told all the same.
  return { seenVersion, wentBack: seen.wentBack || lastError.code === 'RolledBack' };
}

export function arrivalOf(seen: Seen, properties: Versions): Arrival {
  const { bootedVersion, currentVersion, previousVersion } = properties;
  if (seen.wentBack || (bootedVersion > 0 && bootedVersion < seen.seenVersion)) return 'back';
  const canGoBack = previousVersion > 0 && previousVersion < bootedVersion;
  return bootedVersion > seen.seenVersion && currentVersion === bootedVersion && canGoBack ? 'new' : 'none';
}

/** After the person answered, or chose themselves to go back from what runs: the next older one is news then. */
export function saw(properties: Pick<Versions, 'bootedVersion'>): Seen {
  return { seenVersion: properties.bootedVersion, wentBack: false };
}
