/** Announcements for tests of discovery. */
import type { Announcement } from '../../service/core/ports.ts';
import type { TxtRecord } from '../../service/discover/txt.ts';

export function txtRecord(changes: Partial<TxtRecord> = {}): TxtRecord {
  return {
    id: 'a1b2c3',
    image: 'xo',
    version: 6,
    held: 0,
    getting: 0,
    role: 'laptop',
    latestEpoch: 12,
    orderEpoch: 0,
    wentBackFrom: 0,
    follows: true,
    state: 'idle',
    progress: 0,
    name: '',
    colours: '',
    ...changes,
  };
}

export function announcement(changes: Partial<Announcement> = {}): Announcement {
  return { ...txtRecord(changes), port: changes.port ?? 8100 };
}
