import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Browser } from 'playwright-core';
import { RippleError } from '../../service/api/errors.ts';
import { fetching, friend, NEW_VERSION, STORY } from '../../service/demo/scripted/child-story.ts';
import { launchBrowser, Stage, until, Window } from '../helpers/activity-stage.ts';

let browser: Browser;
let stage: Stage;
let window: Window;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());
afterEach(async () => {
  assert.deepEqual(window.complaints, [], 'the page must have no errors and break no rule of its CSP');
  await window.close();
  await stage.close();
});

async function begin(change: Parameters<typeof Stage.open>[0]): Promise<void> {
  stage = await Stage.open(change);
  window = await Window.open(browser, stage.bridge.url);
}
const calls = () => stage.updater.calls;
/** The daemon was asked this, last. */
async function heard(call: readonly unknown[]): Promise<void> {
  await until(() => isDeepStrictEqual(calls().at(-1), call), `the daemon hears ${call.join(' ')}`);
}

test('a child goes from nothing new to a new version with six taps, and never reads a number or a hard word', async () => {
  await begin(STORY.idle);
  const read: string[] = [];
  const reads = async (screen: string): Promise<void> => {
    await window.shows(screen);
    read.push((await window.page.locator('main').textContent()) ?? '');
  };

  await reads('idle');
  await window.tap('Look around');
  await heard(['check']);
  stage.updater.set(STORY.looking);
  await reads('looking');

  stage.updater.set(STORY.available);
  await reads('available');
  assert.ok(await window.page.getByText('Paint has new brushes.').isVisible());
  assert.equal(await window.page.locator('.friend').count(), 5);
  await window.tap('Get it');
  await heard(['fetch', 7]);

  stage.updater.set(fetching(0.1));
  await reads('fetching');
  assert.equal(await window.heading(), 'Getting it from Ana and Luis.');
  const bar = window.page.getByRole('progressbar');
  assert.equal(await bar.getAttribute('aria-valuenow'), '10');
  stage.updater.set(fetching(0.6));
  await window.page.locator('[role=progressbar][aria-valuenow="60"]').waitFor();

  stage.updater.set(STORY.checking);
  await reads('checking');
  stage.updater.set(STORY.ready);
  await reads('ready');
  await window.tap('Restart now');
  await until(() => calls().length >= 4, 'accept and restart');
  assert.deepEqual(calls().slice(-2), [['accept', 7, 'now'], ['restart']]);

  stage.updater.set(STORY.restarting);
  await reads('restarting');
  stage.daemonGoes();
  await until(() => stage.activity.snapshot.daemon === 'absent', 'the daemon is gone');
  await reads('restarting');
  await stage.daemonComes(STORY['arrived-new']);
  await reads('arrivedNew');
  await window.page.getByText('helped you.').first().waitFor();
  assert.match((await window.page.locator('.told').textContent()) ?? '', /Ana.*Luis.*helped you\./);
  await window.tap('I like it');
  await reads('idle');
  await stage.activity.close();
  assert.deepEqual(JSON.parse(await readFile(join(stage.folder, 'state.json'), 'utf8')).seenVersion, 7);

  for (const text of read) {
    assert.doesNotMatch(text, /\b(update|upgrade|install|error|failed|version|download|verify|MB|GB|bytes)\b|%/i);
    assert.doesNotMatch(text, /\d/, 'no version, size or share');
  }
});

test('going back asks once, and staying is one tap', async () => {
  await begin(STORY.idle);
  await window.shows('idle');
  stage.updater.set(STORY['arrived-new']);
  await window.shows('arrivedNew');
  await window.tap('Go back to how it was');
  await window.shows('goBack');
  await window.tap('Stay here');
  await window.shows('arrivedNew');
  assert.deepEqual(calls(), []);

  await window.tap('Go back to how it was');
  await window.shows('goBack');
  await window.tap('Go back');
  await until(() => calls().length === 2, 'rollback and restart');
  assert.deepEqual(calls(), [['rollback'], ['restart']]);
  stage.updater.set({ ...STORY['ready-to-go-back'], state: 'restarting' });
  await window.shows('restarting');
  stage.daemonGoes();
  await stage.daemonComes(STORY.older);
  await window.shows('arrivedBack');
  await window.tap('All right');
  await window.shows('older');
});

test('"Later" puts it off until tomorrow morning and the screen says so', async () => {
  await begin(STORY.available);
  await window.tap('Later');
  await window.shows('laterWhen');
  await window.tap('Tomorrow');
  await until(() => calls().length === 1, 'defer');
  const [name, version, until_] = calls()[0] ?? [];
  assert.deepEqual([name, version], ['defer', 7]);
  assert.ok(typeof until_ === 'number' && until_ > Date.now() / 1000, 'in the future');
  stage.updater.set({ ...STORY.available, deferredUntil: Number(until_) });
  await window.shows('later');
  await window.tap('Get it');
  await heard(['fetch', 7]);
});

test('a new version that is ready waits as long as the child likes', async () => {
  await begin(STORY.ready);
  await window.tap('Later');
  await window.shows('laterWhen');
  await window.tap('When I turn it off');
  await until(() => calls().length === 2, 'accept and defer');
  assert.deepEqual(calls(), [
    ['accept', 7, 'next-boot'],
    ['defer', 7, -1],
  ]);
  stage.updater.set({ deferredUntil: -1 });
  await window.page.getByText('Restart when you like.').first().waitFor();
  assert.equal(await window.page.getByRole('button', { name: 'Later' }).count(), 0);
  await window.tap('Restart now');
  await heard(['restart']);
});

test('a version that is chosen already needs only the restart', async () => {
  await begin({ ...STORY.idle, currentVersion: 7, restartRequired: true });
  await window.tap('Restart now');
  await heard(['restart']);
  assert.equal(calls().length, 1);
});

test('"Stop for now" stops, and what is there already stays offered', async () => {
  await begin(STORY.fetching);
  await window.tap('Stop for now');
  await heard(['cancel']);
  stage.updater.set(STORY.available);
  await window.shows('available');
});

test('a second tap within half a second is ignored, also when the screen changed under the finger', async () => {
  await begin(STORY.available);
  const get = window.page.getByRole('button', { name: 'Get it' });
  await get.waitFor();
  await window.settle();
  await get.dblclick();
  await until(() => calls().length > 0, 'the first tap');
  stage.updater.set(STORY.ready);
  await window.shows('ready');
  await window.page.getByRole('button', { name: 'Restart now' }).click();
  await window.settle();
  assert.deepEqual(calls(), [['fetch', 7]]);
});

test('a friend who goes away is told while another gives, and the picture follows', async () => {
  await begin(STORY.fetching);
  await window.shows('fetching');
  stage.updater.set(STORY['friend-away']);
  await window.page.getByRole('heading', { name: 'Your friend went away.' }).waitFor();
  stage.updater.set(fetching(0.7, [friend(0, { state: 'away' }), friend(1)]));
  await window.page.getByRole('heading', { name: 'Getting it from' }).waitFor();
  assert.equal(await window.heading(), 'Getting it from Luis.');
  stage.updater.set(STORY['broken-piece']);
  await window.page.getByRole('heading', { name: 'A piece came broken.' }).waitFor();
});

for (const [chapter, title, line] of [
  ['no-one-nearby', 'No one nearby has it.', 'Try near your school.'],
  ['no-room', 'There is no room.', 'Ask your teacher to help.'],
  ['plug-in', 'Plug in your laptop first.', undefined],
  ['did-not-work', 'That did not work.', 'Your laptop is just as before.'],
] as const) {
  test(`trouble: ${title} One tap tries again, one lets it be`, async () => {
    await begin(STORY[chapter]);
    await window.page.getByRole('heading', { name: title, exact: true }).waitFor();
    if (line) assert.ok(await window.page.getByText(line, { exact: true }).first().isVisible());
    await window.tap('Try again');
    await heard(['fetch', NEW_VERSION.version]);
    await window.tap('Later');
    await heard(['cancel']);
  });
}

test('what is not real is thrown away and not tried again', async () => {
  await begin(STORY['not-real']);
  await window.page.getByRole('heading', { name: 'This one is not real.' }).waitFor();
  assert.equal(await window.page.getByRole('button', { name: 'Try again' }).count(), 0);
  await window.tap('All right');
  await heard(['cancel']);
});

test('a laptop that fell back says so until it is answered, even when the daemon has forgotten', async () => {
  await begin(STORY['arrived-back']);
  await window.shows('arrivedBack');
  stage.updater.set(STORY.idle);
  await window.settle();
  await window.shows('arrivedBack');
  await window.tap('All right');
  await window.shows('idle');
});

test('a tap that the daemon refuses shows why, and everything is as before', async () => {
  await begin(STORY.available);
  stage.updater.respond = async () => {
    throw new RippleError('LowBattery', 'the battery is at 5 %');
  };
  await window.tap('Get it');
  await window.shows('trouble-plugIn');
  await window.tap('All right');
  await window.shows('available');
});

test('without a daemon Ripple is asleep, and it wakes up by itself', async () => {
  await begin(undefined);
  await window.shows('asleep');
  await stage.daemonComes(STORY.available);
  await window.shows('available');
  stage.daemonGoes();
  await window.shows('asleep');
});

test('when the bus itself goes, Ripple is asleep', async () => {
  await begin(STORY.idle);
  await window.shows('idle');
  await stage.bus.stop();
  await window.shows('asleep');
});
