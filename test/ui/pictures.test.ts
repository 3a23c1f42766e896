/** What the screens say without a word, and whether the main ten still look as they were accepted. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ACCEPTED, differenceOf, MAIN_TEN, takeMainTen } from '../helpers/accepted.ts';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { CHILD_SCREENS, SIZES } from '../helpers/all-screens.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { ShowWindow } from '../helpers/show-window.ts';

/** Of a screen's squares: less is how letters are drawn, more is another picture. */
const MOST_DIFFERENT = 0.002;
/** Two screens have to differ in a thing as large as a small mark. */
const LEAST_DIFFERENT = 0.004;
const TAKEN = join(PROJECT_ROOT, 'artifacts', 'pictures');

let browser: Browser;
let scale: Page;
before(async () => {
  mkdirSync(TAKEN, { recursive: true });
  browser = await launchBrowser();
  scale = await browser.newPage();
});
after(async () => {
  await ShowWindow.closeAll();
  await browser.close();
});

test('the main ten screens look as they were accepted', async () => {
  const taken = await takeMainTen(browser);
  assert.deepEqual([...taken.keys()].sort(), [...MAIN_TEN].sort());
  for (const [name, png] of taken) {
    writeFileSync(join(TAKEN, `${name}.png`), png);
    const share = await differenceOf(scale, png, readFileSync(join(ACCEPTED, `${name}.png`)));
    const percent = (share * 100).toFixed(2);
    assert.ok(
      share <= MOST_DIFFERENT,
      `${name}: ${percent} % looks different: compare artifacts/pictures/${name}.png, then npm run pictures -- --accept`,
    );
  }
});

test('a screen with something moved or gone is another picture, by the same measure', async () => {
  const window = await ShowWindow.open(browser);
  await window.size(SIZES.small, 0.5);
  const ready = CHILD_SCREENS.find(({ name }) => name === 'ready');
  assert.ok(ready);
  await window.show(ready.snapshot);
  const before_ = await window.png();
  await window.show(ready.snapshot);
  assert.ok((await differenceOf(scale, before_, await window.png())) <= MOST_DIFFERENT);
  await window.page.locator('.star').evaluate((one) => one.remove());
  assert.ok((await differenceOf(scale, before_, await window.png())) > MOST_DIFFERENT, 'a star is gone');
  await window.close();
});

test('with all words hidden each screen differs from every other', async () => {
  const window = await ShowWindow.open(browser);
  await window.size(SIZES.small, 0.5);
  await window.page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('h1, p, .notes span, .buttons span { visibility: hidden !important; }');
    const root = document.querySelector('ripple-app')?.shadowRoot;
    if (root) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  });
  const pictures: { readonly name: string; readonly png: Buffer }[] = [];
  for (const { name, snapshot, question } of CHILD_SCREENS) {
    await window.show(snapshot, question);
    pictures.push({ name, png: await window.png() });
  }
  const alike: string[] = [];
  for (const [i, a] of pictures.entries())
    for (const b of pictures.slice(i + 1)) {
      const share = await differenceOf(scale, a.png, b.png);
      if (share < LEAST_DIFFERENT) alike.push(`${a.name} – ${b.name}: ${share}`);
    }
  assert.equal(alike.join('\n'), '');
  await window.close();
});

for (const dark of [false, true])
  test(`the main action is the biggest and stands out most${dark ? ', in the dark theme too' : ''}`, async () => {
    const window = await ShowWindow.open(browser, { dark });
    const wrong: string[] = [];
    let found = 0;
    for (const [sizeName, size] of Object.entries(SIZES)) {
      await window.size(size);
      for (const { name, snapshot, question } of CHILD_SCREENS) {
        await window.show(snapshot, question);
        const targets = await window.page.evaluate(() => {
          const every = (root: ParentNode): Element[] =>
            [...root.querySelectorAll('*')].flatMap((one) =>
              one.shadowRoot ? [one, ...every(one.shadowRoot)] : [one],
            );
          const light = (colour: string): number | undefined => {
            const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
            return alpha === 0 ? undefined : red + green + blue;
          };
          const paper = light(getComputedStyle(document.body).backgroundColor) ?? 0;
          return every(document.body)
            .filter((one) => one.matches('button'))
            .map((one) => {
              const { width, height } = one.getBoundingClientRect();
              const own = light(getComputedStyle(one).backgroundColor) ?? paper;
              return { main: one.matches('.main'), area: width * height, away: Math.abs(own - paper) };
            });
        });
        const main = targets.find((one) => one.main);
        if (!main) continue;
        found += 1;
        for (const other of targets.filter((one) => !one.main))
          if (other.area >= main.area || other.away >= main.away)
            wrong.push(`${name} ${sizeName}: ${JSON.stringify(main)} ${JSON.stringify(other)}`);
      }
    }
    assert.ok(found > 50);
    assert.equal(wrong.join('\n'), '');
    await window.close();
  });
