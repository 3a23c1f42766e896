/** The teacher's pages with the real service on the real bus, and orders signed by the real command. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { pupil, pupils } from '../../service/demo/scripted/class-story.ts';
import { ScriptedClassroom } from '../../service/demo/scripted/scripted-classroom.ts';
import { parseOrder } from '../../service/image/documents.ts';
import { readSignedMessage } from '../../service/sign/packets.ts';
import { launchBrowser, Stage, until, Window } from '../helpers/activity-stage.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { rippleOk } from '../helpers/ripple.ts';

const PICTURES = join(PROJECT_ROOT, 'artifacts', 'screens');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LEAST_TARGET_PX = 48;

let browser: Browser;
let stage: Stage | undefined;
let window_: Window | undefined;
before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await launchBrowser();
});
after(() => browser.close());
afterEach(async () => {
  await window_?.close();
  await stage?.close();
  delete process.env.RIPPLE_TEACHER_KEY;
});

async function begin(
  classroom: ScriptedClassroom,
  options: BrowserContextOptions = {},
): Promise<{ readonly stage: Stage; readonly window: Window }> {
  stage = await Stage.open(STORY.available, classroom);
  window_ = await Window.open(browser, await stage.newAddress(), {
    viewport: { width: 1024, height: 768 },
    reducedMotion: 'reduce',
    ...options,
  });
  await window_.page.locator('ripple-class h1').waitFor();
  return { stage, window: window_ };
}

async function axe(window: Window): Promise<void> {
  await window.page.evaluate(AXE);
  const violations: unknown = await window.page.evaluate(
    'axe.run({ resultTypes: ["violations"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))',
  );
  assert.deepEqual(violations, []);
}

test('sixty laptops fit on one page without scrolling; stuck ones are first; nothing is too small', async () => {
  const { window } = await begin(new ScriptedClassroom(pupils(60)), { bypassCSP: true });
  const { page } = window;
  assert.match((await page.locator('ripple-class h1').textContent()) ?? '', /^\d+ of 60 ready$/);
  assert.equal(await page.locator('.tile').count(), 60);
  assert.match((await page.locator('.tile').first().getAttribute('class')) ?? '', /stuck/);
  const scrolls = await page.evaluate(() => document.documentElement.scrollHeight > innerHeight);
  assert.equal(scrolls, false);
  for (const target of await page.locator('button, input').all()) {
    const box = await target.boundingBox();
    assert.ok(box && Math.min(box.width, box.height) >= LEAST_TARGET_PX - 0.01, await target.innerText());
  }
  await page.screenshot({ path: join(PICTURES, 'class-60.png') });
  await axe(window);
});

test('a change of one laptop shows, and five hundred can be searched', async () => {
  const classroom = new ScriptedClassroom(pupils(500));
  const { window } = await begin(classroom);
  const { page } = window;
  await page.getByRole('searchbox').fill('ana 3');
  await page.locator('.tile').nth(30).waitFor({ state: 'detached' });
  assert.match((await page.locator('.tile .name').first().textContent()) ?? '', /^Ana 3\d?$/);
  const ana = pupil(24);
  classroom.set({ ...ana, version: 6, state: 'fetching', progress: 50 });
  await page.locator('.tile.getting').first().waitFor();
  await page.getByRole('searchbox').fill('nobody at all');
  await page.getByText('Nobody is called that.').waitFor();
});

test('one laptop says what is wrong and what to do; the keyboard goes there and back', async () => {
  const { window } = await begin(new ScriptedClassroom(pupils(30)), { bypassCSP: true });
  const { page } = window;
  await page.locator('.tile').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.getByText('Delete what is not needed').waitFor();
  assert.match((await page.locator('pre').textContent()) ?? '', /error: NoSpace/);
  await page.screenshot({ path: join(PICTURES, 'class-laptop.png') });
  await axe(window);
  await page.keyboard.press('Escape');
  await page.locator('.tiles').waitFor();
});

test('the whole class is brought to one version with the teacher’s key, and stopped again', async () => {
  const classroom = new ScriptedClassroom(pupils(28));
  const { stage, window } = await begin(classroom, { bypassCSP: true });
  const { page } = window;
  const key = join(stage.folder, 'teacher.key');
  const word = join(stage.folder, 'word');
  await import('node:fs/promises').then((fs) => fs.writeFile(word, 'open sesame\n'));
  await rippleOk(['keygen', '--out', key, '--passphrase-file', word]);
  process.env.RIPPLE_TEACHER_KEY = key;

  await page.getByRole('button', { name: 'Bring to one version' }).click();
  await page.getByText('version 7').first().waitFor();
  await page.screenshot({ path: join(PICTURES, 'class-order.png') });
  await axe(window);
  const passphrase = page.getByLabel('Passphrase of your key');
  await passphrase.fill('wrong');
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await page.getByText('That did not work:').waitFor();
  assert.equal(await passphrase.inputValue(), '', 'the passphrase does not stay in the page');
  assert.deepEqual(classroom.orders, []);

  await passphrase.fill('open sesame');
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await page.locator('.tiles').waitFor();
  const [sent] = classroom.orders;
  assert.ok(sent);
  const order = parseOrder(readSignedMessage(sent, 65_536).payload);
  assert.deepEqual([order.version, order.canaries, order.when, order.classes, order.epoch], [7, 2, 'now', ['*'], 1]);

  const deadline = Math.floor(Date.now() / 1000) + 3600;
  stage.updater.set({ order: { version: 7, epoch: 1, when: 'now', deadline, classes: ['*'], waits: 'canaries' } });
  await page.getByText('The first laptops are trying it.').waitFor();
  await page.getByRole('button', { name: 'Stop the order' }).click();
  await page.getByRole('textbox', { name: 'Passphrase of your key' }).fill('open sesame');
  await page.getByRole('button', { name: 'Stop the order' }).click();
  await until(() => classroom.orders.length === 2, 'the order is taken back');
  const stop = parseOrder(readSignedMessage(classroom.orders[1] ?? sent, 65_536).payload);
  assert.deepEqual([stop.epoch, stop.classes], [2, []]);
});

test('a teacher can look at this laptop and come back to the class', async () => {
  const { window } = await begin(new ScriptedClassroom(pupils(5)));
  await window.page.getByRole('button', { name: 'This laptop' }).click();
  await window.page.getByText('There is a new Sugar!').first().waitFor();
  await window.tap('My class');
  await window.page.locator('.tiles').waitFor();
  assert.deepEqual(window.complaints, []);
});

test('on paper there is the class and nothing to press', async () => {
  const { window } = await begin(new ScriptedClassroom(pupils(60)));
  const { page } = window;
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('ripple-class h1').isVisible());
  const visible = await page
    .locator('.tile .name')
    .evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  assert.equal(visible, 60);
  for (const target of await page.locator('button:not(.tile), input').all())
    assert.equal(await target.isVisible(), false);
});

test('the details of one laptop are copied whole', async () => {
  const { window } = await begin(new ScriptedClassroom(pupils(30)), {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const { page } = window;
  await page.locator('.tile').first().click();
  await page.getByRole('button', { name: 'Copy details' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await page.locator('pre').textContent());
  assert.match(copied, /^id: pupil-\d+\nname: Mei\n(.*\n)+error: NoSpace$/);
});
