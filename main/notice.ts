/** When a person who is not looking is told something, and what. Pure. */
import type { ActivityProperties, ActivitySnapshot } from '../service/api/activity.ts';

/** `none` takes back what was told. */
export interface Notice {
  readonly kind: 'none' | 'available' | 'ready';
  readonly version: number;
}

export const NO_NOTICE: Notice = { kind: 'none', version: 0 };

function putOff({ deferredUntil }: ActivityProperties, nowSeconds: number): boolean {
  return deferredUntil === -1 || deferredUntil > nowSeconds;
}

/** What there is to tell now. Whoever said "later" is not told before that. */
export function noticeOf({ daemon, properties }: ActivitySnapshot, nowSeconds: number): Notice {
  if (daemon !== 'present' || !properties || putOff(properties, nowSeconds)) return NO_NOTICE;
  const { state, bootedVersion, stagedVersion } = properties;
  if (state === 'ready' && stagedVersion > bootedVersion) return { kind: 'ready', version: stagedVersion };
  if (state !== 'available') return NO_NOTICE;
  const version = Math.max(0, ...properties.versions.map((info) => info.version));
  return version > bootedVersion ? { kind: 'available', version } : NO_NOTICE;
}
