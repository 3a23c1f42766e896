/**
 * Every screen × English, Arabic, Khmer × every size × 200 %, forced colours, reduced motion: measured, looked at by axe, and
 * kept as a picture in artifacts/matrix, with a sheet of each row of the matrix to look over.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { ALL_SCREENS, CHILD_SCREENS, SIZES } from '../helpers/all-screens.ts';
import { contactSheet, type Picture } from '../helpers/contact-sheet.ts';
import { faultsOf } from '../helpers/measure-screen.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { ShowWindow, type Size } from '../helpers/show-window.ts';

const PICTURES = join(PROJECT_ROOT, 'artifacts', 'matrix');
const half = ({ width, height }: Size): Size => ({ width: width / 2, height: height / 2 });
/** `motion`: reduced motion, the plain one of the three. */
const SETTINGS = ['motion', 'forced', 'zoom'] as const;

let browser: Browser;
before(async () => {
  rmSync(PICTURES, { recursive: true, force: true });
  mkdirSync(PICTURES, { recursive: true });
  browser = await launchBrowser();
});
after(async () => {
  await ShowWindow.closeAll();
  await browser.close();
});

/** Whether less than its icon is seen before anybody scrolls. */
function mainHidden(page: Page): Promise<boolean> {
  const main = page.locator('ripple-app main .buttons .main');
  return main.evaluateAll((all) => all.some((one) => one.getBoundingClientRect().top > innerHeight - 40));
}

const MATRIX = ['en', 'ar', 'km'];
for (const language of MATRIX)
  test(`in ${language} nothing is cut off, on top of each other, too small or hidden from axe, at any size and setting`, async () => {
    const window = await ShowWindow.open(browser, { language });
    const faults: string[] = [];
    for (const [sizeName, size] of Object.entries(SIZES))
      for (const setting of SETTINGS) {
        const zoomed = setting === 'zoom';
        await window.page.emulateMedia({ forcedColors: setting === 'forced' ? 'active' : 'none' });
        await window.size(zoomed ? half(size) : size, zoomed ? 2 : 1);
        const pictures: Picture[] = [];
        for (const { name, snapshot, question, classPage, measure } of ALL_SCREENS) {
          await window.show(snapshot, question, classPage);
          const found = [
            ...(await faultsOf(window.page, { ...measure, mayScroll: measure.mayScroll || zoomed })),
            ...(await window.axe(sizeName === 'wide')),
          ];
          const where = `${name} ${language} ${sizeName} ${setting}`;
          faults.push(...found.map((fault) => `${where}: ${fault}`));
          if (zoomed && (await mainHidden(window.page))) faults.push(`${where}: the main button is out of sight`);
          if ((await window.moving()) > 0) faults.push(`${where}: moves`);
          pictures.push({ name: where, jpeg: await window.picture() });
        }
        for (const { name, jpeg } of pictures) writeFileSync(join(PICTURES, `${name.replaceAll(' ', '-')}.jpg`), jpeg);
        writeFileSync(
          join(PICTURES, `sheet-${language}-${sizeName}-${setting}.png`),
          await contactSheet(browser, pictures, size),
        );
      }
    await window.close();
    assert.equal(faults.join('\n'), '');
  });

test('every other language fits into the least size, each word on its button', async () => {
  const names = readdirSync(new URL('../../renderer/words/languages/', import.meta.url))
    .filter((name) => name.endsWith('.js'))
    .map((name) => name.slice(0, -3));
  const others = names.filter((name) => !MATRIX.includes(name));
  assert.ok(others.length >= 9);
  const faults: string[] = [];
  for (const language of others) {
    const window = await ShowWindow.open(browser, { language });
    await window.size(SIZES.small);
    assert.equal(await window.page.getAttribute('html', 'lang'), language);
    for (const { name, snapshot, question, classPage, measure } of ALL_SCREENS) {
      await window.show(snapshot, question, classPage);
      for (const fault of await faultsOf(window.page, measure)) faults.push(`${name} ${language}: ${fault}`);
    }
    await window.close();
  }
  assert.equal(faults.join('\n'), '');
});

test('the dark theme has no fault that axe knows', async () => {
  const window = await ShowWindow.open(browser, { dark: true });
  await window.size(SIZES.wide);
  const faults: string[] = [];
  const pictures: Picture[] = [];
  for (const { name, snapshot, question, classPage } of ALL_SCREENS) {
    await window.show(snapshot, question, classPage);
    for (const fault of await window.axe()) faults.push(`${name} dark: ${fault}`);
    pictures.push({ name: `${name} dark`, jpeg: await window.picture() });
  }
  writeFileSync(join(PICTURES, 'sheet-dark.png'), await contactSheet(browser, pictures, SIZES.wide));
  await window.close();
  assert.equal(faults.join('\n'), '');
});

test('who did not ask for less motion sees the dots fly', async () => {
  const window = await ShowWindow.open(browser);
  await window.page.emulateMedia({ reducedMotion: 'no-preference' });
  for (const { name, snapshot, question } of CHILD_SCREENS.filter((one) =>
    /^(fetching|looking|asleep)$/.test(one.name),
  )) {
    await window.show(snapshot, question);
    assert.ok((await window.moving()) > 0, name);
  }
  await window.close();
});
