import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { launchBrowser, Stage, until, Window } from '../helpers/activity-stage.ts';

let browser: Browser;
let stage: Stage;
let window: Window;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());
afterEach(async () => {
  await window.close();
  await stage.close();
});
async function begin(change: Parameters<typeof Stage.open>[0]): Promise<void> {
  stage = await Stage.open(change);
  window = await Window.open(browser, stage.bridge.url);
}
const calls = () => stage.updater.calls;
const focusedLabel = () =>
  window.page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
  });

test('Enter alone leads from nothing new to the restart, and "I like it"', async () => {
  await begin(STORY.idle);
  await window.shows('idle');
  await window.press('Enter');
  await until(() => calls().length === 1, 'check');
  stage.updater.set(STORY.available);
  await window.shows('available');
  await window.press('Enter');
  await until(() => calls().length === 2, 'fetch');
  stage.updater.set(STORY.fetching);
  await window.shows('fetching');
  // Nothing to confirm while it comes: Enter must not stop it.
  await window.press('Enter');
  stage.updater.set(STORY.ready);
  await window.shows('ready');
  assert.equal(await focusedLabel(), 'Restart now');
  await window.press('Enter');
  await until(() => calls().length >= 4, 'accept and restart');
  stage.updater.set(STORY['arrived-new']);
  await window.shows('arrivedNew');
  await window.press('Enter');
  await window.shows('idle');
  assert.deepEqual(calls(), [['check'], ['fetch', 7], ['accept', 7, 'now'], ['restart']]);
});

test('Esc is Later, Stop or back, and nothing where there is nothing to leave', async () => {
  await begin(STORY.idle);
  await window.shows('idle');
  await window.press('Escape');
  await window.settle();
  assert.deepEqual(calls(), []);
  stage.updater.set(STORY.available);
  await window.shows('available');
  await window.press('Escape');
  await window.shows('laterWhen');
  await window.press('Escape');
  await window.shows('available');
  await window.press('Escape');
  await window.shows('laterWhen');
  await window.press('Enter');
  await until(() => calls().at(-1)?.[0] === 'defer', 'Later');
  stage.updater.set(STORY.fetching);
  await window.shows('fetching');
  await window.press('Escape');
  await until(() => calls().at(-1)?.[0] === 'cancel', 'Stop');
  stage.updater.set(STORY['arrived-new']);
  await window.tap('Go back to how it was');
  await window.shows('goBack');
  await window.press('Escape');
  await window.shows('arrivedNew');
});

test('a key that is held down counts once', async () => {
  await begin(STORY.available);
  await window.shows('available');
  await window.settle();
  for (let i = 0; i < 8; i++) {
    await window.page.keyboard.down('Enter');
    await window.page.waitForTimeout(150);
  }
  await window.page.keyboard.up('Enter');
  assert.deepEqual(calls(), [['fetch', 7]]);
});

test('arrows go round the ring, Tab leaves it, and each friend is named', async () => {
  await begin(STORY.available);
  await window.shows('available');
  await window.page.keyboard.press('Tab');
  assert.equal(await focusedLabel(), 'Your school has it.');
  const heard: string[] = [];
  for (let i = 0; i < 5; i++) {
    await window.page.keyboard.press('ArrowRight');
    heard.push(await focusedLabel());
  }
  assert.deepEqual(heard, [
    'Ana has it.',
    'Luis has it.',
    'Kofi is getting it.',
    'Mei is away.',
    'Your school has it.',
  ]);
  await window.page.keyboard.press('ArrowLeft');
  assert.equal(await focusedLabel(), 'Mei is away.');
  assert.ok(await window.page.locator('.told', { hasText: 'Mei is away.' }).isVisible());
  await window.page.keyboard.press('Tab');
  assert.equal(await focusedLabel(), 'Get it');
});

test('what has the focus is ringed by three pixels', async () => {
  await begin(STORY.available);
  await window.shows('available');
  for (let i = 0; i < 3; i++) {
    await window.page.keyboard.press('Tab');
    const outline = await window.page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element ? getComputedStyle(element).outline : '';
    });
    assert.match(outline, /solid 3px|3px solid/);
  }
});

test('the live region says each screen, politely', async () => {
  await begin(STORY.idle);
  const status = window.page.getByRole('status');
  await window.page.locator('[role=status]', { hasText: 'Your Sugar is the newest.' }).waitFor({ state: 'attached' });
  assert.equal(await status.getAttribute('aria-live'), 'polite');
  stage.updater.set(STORY.ready);
  await window.page
    .locator('[role=status]', { hasText: 'Your new Sugar is ready. Save your work, then restart.' })
    .waitFor({ state: 'attached' });
});

test('where the system has a voice, a button reads the screen', async () => {
  stage = await Stage.open(STORY['no-one-nearby']);
  window = await Window.open(browser, 'about:blank');
  await window.page.addInitScript(() => {
    const said: string[] = [];
    Object.defineProperty(globalThis, 'said', { value: said });
    Object.defineProperty(SpeechSynthesis.prototype, 'getVoices', {
      value: () => [{ lang: 'en-GB', name: 'a voice' }],
    });
    Object.defineProperty(SpeechSynthesisUtterance.prototype, 'voice', { value: null, writable: true });
    Object.defineProperty(SpeechSynthesis.prototype, 'speak', {
      value: (one: SpeechSynthesisUtterance) => said.push(one.text.trim()),
    });
  });
  await window.page.goto(stage.bridge.url);
  await window.page.getByRole('button', { name: 'Read it to me' }).click();
  assert.deepEqual(await window.page.evaluate('said'), ['No one nearby has it. Try near your school.']);
});
