import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Screen, type ScreenKind, screenOf, type WindowState } from '../../../renderer/state/screen.ts';
import { type ActivityProperties, type ActivitySnapshot, UNKNOWN_OWNER } from '../../../service/api/activity.ts';
import { ERROR_CODES } from '../../../service/api/errors.ts';
import { UPDATER_STATES } from '../../../service/api/states.ts';
import { type Chapter, fetching, friend, NEW_VERSION, STORY } from '../../../service/demo/scripted/child-story.ts';
import { FIRST_SNAPSHOT } from '../../../service/demo/scripted/scripted-updater.ts';

const NOW = 1_770_000_000;
const UNTOUCHED: WindowState = { question: 'none', refused: '', nowSeconds: NOW };

function heard(change: Partial<ActivityProperties>, more: Partial<ActivitySnapshot> = {}): ActivitySnapshot {
  const properties = { ...FIRST_SNAPSHOT, ...STORY.idle, ...change };
  return {
    daemon: 'present',
    properties,
    arrival: 'none',
    helpers: [],
    classroom: null,
    owner: UNKNOWN_OWNER,
    ...more,
  };
}
const kindOf = (snapshot: ActivitySnapshot, window: Partial<WindowState> = {}): ScreenKind =>
  screenOf(snapshot, { ...UNTOUCHED, ...window }).kind;

const EXPECTED: Readonly<Record<Chapter, ScreenKind>> = {
  idle: 'idle',
  looking: 'looking',
  available: 'available',
  'available-big-class': 'available',
  later: 'later',
  fetching: 'fetching',
  'fetching-big-class': 'fetching',
  checking: 'checking',
  ready: 'ready',
  'ordered-available': 'available',
  'ordered-ready': 'ready',
  restarting: 'restarting',
  'arrived-new': 'idle',
  'ready-to-go-back': 'ready',
  'arrived-back': 'arrivedBack',
  older: 'older',
  'friend-away': 'fetching',
  'broken-piece': 'fetching',
  'no-one-nearby': 'trouble',
  'no-room': 'trouble',
  'plug-in': 'trouble',
  'came-broken': 'trouble',
  'not-real': 'trouble',
  'not-allowed': 'trouble',
  busy: 'trouble',
  'did-not-work': 'trouble',
};
for (const [chapter, change] of Object.entries(STORY))
  test(`the properties of "${chapter}" give the screen "${EXPECTED[chapter as Chapter]}"`, () => {
    assert.equal(kindOf(heard(change)), EXPECTED[chapter as Chapter]);
  });

test('every state with every error, arrival and role of versions gives a screen', () => {
  for (const state of UPDATER_STATES)
    for (const code of [...ERROR_CODES, 'RolledBack', ''] as const)
      for (const arrival of ['none', 'new', 'back'] as const)
        for (const versions of [[], [NEW_VERSION]])
          for (const restartRequired of [true, false])
            assert.equal(
              typeof kindOf(heard({ state, versions, restartRequired, lastError: { code, message: '' } }, { arrival })),
              'string',
            );
});

test('without a daemon it sleeps, but not while the laptop restarts', () => {
  const away = { daemon: 'absent' } as const;
  assert.equal(kindOf(heard({}, { ...away, properties: null })), 'asleep');
  assert.equal(kindOf(heard({ state: 'available' }, away)), 'asleep');
  assert.equal(kindOf(heard({ state: 'restarting' }, away)), 'restarting');
  assert.equal(kindOf(heard({}, { daemon: 'connecting', properties: null })), 'starting');
});

test('a new version that runs is shown before anything that can wait, and never over work', () => {
  const arrival = { arrival: 'new' } as const;
  assert.equal(kindOf(heard({ state: 'idle' }, arrival)), 'arrivedNew');
  assert.equal(kindOf(heard({ state: 'checking' }, arrival)), 'arrivedNew');
  assert.equal(kindOf(heard({ state: 'available', versions: [NEW_VERSION] }, arrival)), 'arrivedNew');
  assert.equal(kindOf(heard(fetching(0.5), arrival)), 'fetching');
  assert.equal(kindOf(heard(STORY['no-room'], arrival)), 'trouble');
  assert.equal(kindOf(heard(STORY['ready-to-go-back'], arrival)), 'ready');
});

test('the question before going back needs something older to go back to', () => {
  const asking = { question: 'goBack' } as const;
  assert.equal(kindOf(heard({ bootedVersion: 7, currentVersion: 7, previousVersion: 6 }), asking), 'goBack');
  assert.equal(kindOf(heard({ previousVersion: 0 }), asking), 'idle');
  assert.equal(kindOf(heard({ previousVersion: 7 }), asking), 'older');
});

test('"when?" is asked of what can be put off, and of nothing else', () => {
  const asking = { question: 'later' } as const;
  const offered = { state: 'available', versions: [NEW_VERSION] } as const;
  assert.equal(kindOf(heard(offered), asking), 'laterWhen');
  assert.equal(kindOf(heard(STORY.ready), asking), 'laterWhen');
  assert.equal(kindOf(heard({ ...offered, deferredUntil: -1 }), asking), 'later');
  assert.equal(kindOf(heard(STORY.fetching), asking), 'fetching');
  const dead = screenOf(heard(offered), { ...UNTOUCHED, ...asking, nowSeconds: 0 });
  assert.deepEqual(dead, { kind: 'laterWhen', version: 7, choices: ['turnOff'] });
});

test('a deadline counts down, and nobody is offered a time after it', () => {
  const order = { version: 7, epoch: 1, when: 'now', deadline: NOW + 600, classes: ['*'], waits: '' } as const;
  const ready = screenOf(heard({ ...STORY.ready, order }), UNTOUCHED);
  assert.equal(ready.kind === 'ready' && ready.due, 600);
  const asked = screenOf(heard({ ...STORY.ready, order }), { ...UNTOUCHED, question: 'later' });
  assert.deepEqual(asked, { kind: 'laterWhen', version: 7, choices: ['turnOff'] });
  const others = screenOf(heard({ ...STORY.ready, order: { ...order, waits: 'canaries' } }), UNTOUCHED);
  assert.equal(others.kind === 'ready' && others.due, undefined);
  const past = screenOf(heard({ ...STORY.ready, order: { ...order, deadline: NOW - 5 } }), UNTOUCHED);
  assert.equal(past.kind === 'ready' && past.due, 0);
});

test('"later" holds until its time or the next start, and no longer', () => {
  const offered = { state: 'available', versions: [NEW_VERSION] } as const;
  assert.equal(kindOf(heard({ ...offered, deferredUntil: NOW + 1 })), 'later');
  assert.equal(kindOf(heard({ ...offered, deferredUntil: NOW })), 'available');
  assert.equal(kindOf(heard({ ...offered, deferredUntil: -1 })), 'later');
  const ready = screenOf(heard({ ...STORY.ready, deferredUntil: -1 }), UNTOUCHED);
  assert.deepEqual(ready, { kind: 'ready', version: 7, back: false, canDefer: false, due: undefined });
});

test('an offer stands while the daemon looks around again by itself', () => {
  const versions = [NEW_VERSION];
  assert.equal(kindOf(heard({ state: 'checking', versions })), 'available');
  assert.equal(kindOf(heard({ state: 'checking', versions, deferredUntil: -1 })), 'later');
  assert.equal(kindOf(heard({ state: 'checking', versions, previousVersion: 7 })), 'looking');
});

test('the newest version is offered, and one that is not newer never is', () => {
  const versions = [NEW_VERSION, { ...NEW_VERSION, version: 9 }, { ...NEW_VERSION, version: 5 }];
  const screen = screenOf(heard({ state: 'available', versions }), UNTOUCHED);
  assert.ok(screen.kind === 'available' && screen.version === 9);
  assert.equal(kindOf(heard({ versions: [{ ...NEW_VERSION, version: 6 }] })), 'idle');
});

test('a tap that was refused is told whatever else there is', () => {
  const screen = screenOf(heard(STORY.available), { ...UNTOUCHED, refused: 'NoSpace' });
  assert.deepEqual(screen, { kind: 'trouble', trouble: 'noRoom', retry: 7, refused: true });
  assert.equal(kindOf(heard(STORY.available), { refused: 'Cancelled' }), 'available');
});

function hitchOf(change: Partial<ActivityProperties>): string {
  const screen: Screen = screenOf(heard(change), UNTOUCHED);
  return screen.kind === 'fetching' ? screen.hitch : screen.kind;
}
test('what mends itself is told only while nobody gives', () => {
  assert.equal(hitchOf(STORY.fetching), 'none');
  assert.equal(hitchOf(STORY['friend-away']), 'friendAway');
  assert.equal(hitchOf(STORY['broken-piece']), 'brokenPiece');
  assert.equal(hitchOf(fetching(0.5, [friend(0, { state: 'away' }), friend(1)])), 'none');
  assert.equal(hitchOf(fetching(0.5, [friend(0, { state: 'banned' }), friend(1)])), 'none');
  assert.equal(hitchOf({ ...STORY.fetching, lastError: { code: 'HashMismatch', message: '' } }), 'brokenPiece');
});

test('checking begins when the bytes are here', () => {
  for (const phase of ['checking', 'staging', 'done'] as const)
    assert.equal(kindOf(heard({ ...STORY.fetching, progress: { ...STORY.fetching.progress, phase } })), 'checking');
});
