/** Every state of a laptop that a child can meet, as the daemon's values: what the scripted updater plays. */
import { NO_PROGRESS, type OrderInfo, type PeerInfo, type VersionInfo } from '../../api/model.ts';
import type { UpdaterSnapshot } from '../../core/updater.ts';
import { SAMPLE_NOTES } from '../notes.ts';

export type Change = Partial<UpdaterSnapshot>;

const FRIENDS: readonly (readonly [name: string, colours: string])[] = [
  ['Ana', '#005fe4,#fffa00'],
  ['Luis', '#ff2b34,#00ea11'],
  ['Kofi', '#5e008c,#f8e800'],
  ['Mei', '#00a0ff,#ff8f00'],
  ['زهرا', '#008009,#bcceff'],
  ['तिका', '#a700ff,#fffa00'],
  ['Pedro', '#b20008,#00b20d'],
  ['សុខ', '#ff8f00,#005fe4'],
  ['Inti', '#be9e00,#ff2b34'],
  ['Aline', '#807500,#00ea11'],
  ['Omar', '#ffc169,#5e008c'],
  ['', ''],
];

export function friend(index: number, change: Partial<PeerInfo> = {}): PeerInfo {
  const [name, colours] = FRIENDS[index % FRIENDS.length] ?? ['', ''];
  const id = `peer-${String(index).padStart(2, '0')}`;
  return { id, name, colours, role: 'laptop', version: 7, state: 'online', givenBytes: 0, lastSeen: 0, ...change };
}

export const SCHOOL: PeerInfo = friend(11, { id: 'school', role: 'school', name: '', colours: '' });

export const NEW_VERSION: VersionInfo = {
  version: 7,
  severity: 'normal',
  notes: {
    en: SAMPLE_NOTES.en.child,
    es: SAMPLE_NOTES.es.child,
    ar: 'في الرسم فرش جديدة.\nالموسيقى تعمل من جديد.\nحاسوبك أكثر أمانًا.',
    km: 'មានជក់គូរថ្មី។\nតន្ត្រីលេងវិញ។\nកុំព្យូទ័រអ្នកមានសុវត្ថិភាពជាង។',
    'picture.1': SAMPLE_NOTES.pictures[0],
    'picture.2': SAMPLE_NOTES.pictures[1],
    'picture.3': SAMPLE_NOTES.pictures[2],
  },
  released: '2026-03-01T08:00:00Z',
  downloadSizeBytes: 4_200_000,
  sources: [],
  local: false,
};

/** A school server, two friends who have it, one who is getting it, one who is gone. */
export const SMALL_CLASS: readonly PeerInfo[] = [
  SCHOOL,
  friend(0),
  friend(1),
  friend(2, { state: 'getting', version: 6 }),
  friend(3, { state: 'away' }),
];
/** Twenty-one, so that nine find no place in the ring. */
export const BIG_CLASS: readonly PeerInfo[] = [
  SCHOOL,
  ...Array.from({ length: 20 }, (_, i) => friend(i, i === 3 ? { state: 'getting', version: 6 } : {})),
];

const QUIET = {
  state: 'idle',
  bootedVersion: 6,
  currentVersion: 6,
  previousVersion: 0,
  stagedVersion: 0,
  versions: [],
  peers: [],
  progress: NO_PROGRESS,
  order: null,
  deferredUntil: 0,
  restartRequired: false,
  lastError: { code: '', message: '' },
} as const satisfies Change;

function failed(code: UpdaterSnapshot['lastError']['code']): Change {
  return { ...QUIET, state: 'failed', versions: [NEW_VERSION], lastError: { code, message: `what is wrong: ${code}` } };
}

/** `level` from 0 to 1. */
export function fetching(level: number, peers: readonly PeerInfo[] = SMALL_CLASS) {
  const doneBytes = Math.round(level * NEW_VERSION.downloadSizeBytes);
  return {
    ...QUIET,
    state: 'fetching',
    versions: [NEW_VERSION],
    peers,
    progress: {
      version: 7,
      phase: 'blobs',
      doneBytes,
      totalBytes: NEW_VERSION.downloadSizeBytes,
      fromPeers: { 'peer-00': Math.ceil(doneBytes * 0.7) + 1, 'peer-01': Math.ceil(doneBytes * 0.3) + 1 },
      etaSeconds: 30,
    },
  } as const satisfies Change;
}

/** The teacher's, due in so many seconds. */
export function order(seconds: number): OrderInfo {
  const deadline = Math.floor(Date.now() / 1000) + seconds;
  return { version: 7, epoch: 1, when: 'now', deadline, classes: ['*'], waits: '' };
}

/** By screen, in the order of the journey; then the troubles. */
export const STORY = {
  idle: QUIET,
  looking: { ...QUIET, state: 'checking' },
  available: { ...QUIET, state: 'available', versions: [NEW_VERSION], peers: SMALL_CLASS },
  'available-big-class': { ...QUIET, state: 'available', versions: [NEW_VERSION], peers: BIG_CLASS },
  later: { ...QUIET, state: 'available', versions: [NEW_VERSION], deferredUntil: -1 },
  fetching: fetching(0.42),
  'fetching-big-class': fetching(0.8, BIG_CLASS),
  checking: { ...QUIET, state: 'staging', versions: [NEW_VERSION] },
  ready: { ...QUIET, state: 'ready', versions: [NEW_VERSION], stagedVersion: 7 },
  'ordered-available': {
    ...QUIET,
    state: 'available',
    versions: [NEW_VERSION],
    peers: SMALL_CLASS,
    order: order(3 * 3600),
  },
  'ordered-ready': { ...QUIET, state: 'ready', versions: [NEW_VERSION], stagedVersion: 7, order: order(600) },
  restarting: { ...QUIET, state: 'restarting', currentVersion: 7, restartRequired: true },
  'arrived-new': { ...QUIET, bootedVersion: 7, currentVersion: 7, previousVersion: 6, versions: [NEW_VERSION] },
  'ready-to-go-back': { ...QUIET, bootedVersion: 7, currentVersion: 6, previousVersion: 7, restartRequired: true },
  'arrived-back': { ...QUIET, lastError: { code: 'RolledBack', message: 'version 7 did not work here' } },
  older: { ...QUIET, versions: [NEW_VERSION] },
  'friend-away': fetching(0.6, [friend(0, { state: 'away' }), friend(1, { state: 'away' })]),
  'broken-piece': fetching(0.6, [friend(0, { state: 'banned' }), friend(2)]),
  'no-one-nearby': failed('NoSource'),
  'no-room': failed('NoSpace'),
  'plug-in': failed('LowBattery'),
  'came-broken': failed('HashMismatch'),
  'not-real': failed('SignatureInvalid'),
  'not-allowed': failed('NotAuthorized'),
  busy: failed('Busy'),
  'did-not-work': failed('IoError'),
} as const satisfies Readonly<Record<string, Change>>;
export type Chapter = keyof typeof STORY;
