/** Every screen at every size: looked at by axe-core, measured, and kept as a picture in artifacts/screens. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type Chapter, STORY } from '../../service/demo/scripted/child-story.ts';
import { launchBrowser, Stage, Window } from '../helpers/activity-stage.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';

const SIZES = {
  wide: { width: 1200, height: 900 },
  small: { width: 800, height: 480 },
  tall: { width: 600, height: 1024 },
};
const LEAST_TARGET_PX = 75;
const LEAST_GAP_PX = 15;
const PICTURES = join(PROJECT_ROOT, 'artifacts', 'screens');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await launchBrowser();
});
after(() => browser.close());

interface Box {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function gap(a: Box, b: Box): number {
  const dx = Math.max(a.x - (b.x + b.width), b.x - (a.x + a.width), 0);
  const dy = Math.max(a.y - (b.y + b.height), b.y - (a.y + a.height), 0);
  return Math.hypot(dx, dy);
}

/** Figures of the ring are round targets on a circle: what lies between them is the distance of their circles. */
function roundGap(a: Box, b: Box): number {
  const distance = Math.hypot(a.x + a.width / 2 - (b.x + b.width / 2), a.y + a.height / 2 - (b.y + b.height / 2));
  return distance - (a.width + b.width) / 2;
}

async function boxes(page: Page, selector: string): Promise<readonly Box[]> {
  const found = await page.locator(selector).all();
  return Promise.all(
    found.map(async (target) => {
      const box = await target.boundingBox();
      assert.ok(box, 'every target is drawn');
      return { ...box, name: (await target.getAttribute('aria-label')) ?? (await target.textContent()) ?? '' };
    }),
  );
}

async function measure(page: Page, viewport: { readonly width: number; readonly height: number }): Promise<void> {
  const buttons = await boxes(page, '.buttons button');
  const friends = await boxes(page, '.friend');
  for (const { name, x, y, width, height } of [...buttons, ...friends]) {
    assert.ok(Math.min(width, height) >= LEAST_TARGET_PX - 0.01, `${name}: ${width} by ${height}`);
    assert.ok(x >= 0 && y >= 0 && x + width <= viewport.width && y + height <= viewport.height, `${name} is outside`);
  }
  for (const [i, a] of buttons.entries())
    for (const b of buttons.slice(i + 1))
      assert.ok(gap(a, b) >= LEAST_GAP_PX - 0.01, `${a.name} – ${b.name}: ${gap(a, b)}`);
  for (const [i, a] of friends.entries())
    for (const b of friends.slice(i + 1))
      assert.ok(roundGap(a, b) >= LEAST_GAP_PX - 0.01, `${a.name} – ${b.name}: ${roundGap(a, b)}`);
  for (const a of buttons)
    for (const b of friends) assert.ok(gap(a, b) >= LEAST_GAP_PX - 0.01, `${a.name} – ${b.name}`);

  const small = await page.evaluate(() => {
    const root = document.querySelector('ripple-app')?.shadowRoot;
    const texts = [...(root?.querySelectorAll('h1, p, li, .buttons span') ?? [])].filter((one) =>
      one.textContent?.trim(),
    );
    return texts
      .filter((one) => Number.parseFloat(getComputedStyle(one).fontSize) < (one.matches('.buttons span') ? 24 : 20))
      .map((one) => one.textContent);
  });
  assert.deepEqual(small, [], 'too small to read');
  const scrolls = await page.evaluate(() => {
    const { scrollWidth, scrollHeight } = document.documentElement;
    return scrollWidth > innerWidth || scrollHeight > innerHeight;
  });
  assert.equal(scrolls, false, 'everything fits without scrolling');
}

async function axe(page: Page, what: string): Promise<void> {
  await page.evaluate(AXE);
  // The string form: the page's own type checks do not know the global that the line above made.
  const violations: unknown = await page.evaluate(
    'axe.run({ resultTypes: ["violations"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))',
  );
  assert.deepEqual(violations, [], what);
}

async function look(
  stage: Stage,
  name: string,
  options: BrowserContextOptions,
  ready: (window: Window) => Promise<void>,
) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const window = await Window.open(browser, await stage.newAddress(), {
      ...options,
      viewport,
      reducedMotion: 'reduce',
      bypassCSP: true,
    });
    await ready(window);
    await measure(window.page, viewport);
    await window.page.screenshot({ path: join(PICTURES, `${name}-${size}.png`) });
    if (size === 'wide') await axe(window.page, name);
    await window.close();
  }
}

const SHOWN: Partial<Readonly<Record<Chapter, string>>> = {
  'arrived-new': 'arrivedNew',
  'arrived-back': 'arrivedBack',
};
for (const chapter of Object.keys(STORY) as Chapter[])
  test(`the screen "${chapter}" is readable, reachable and without a fault that axe knows`, async () => {
    const stage = await Stage.open(STORY.idle);
    try {
      stage.updater.set(STORY[chapter]);
      await look(stage, chapter, {}, async (window) => {
        const screen = SHOWN[chapter];
        if (screen) await window.shows(screen);
        else await window.page.locator('ripple-app:not([data-screen=starting])').waitFor();
      });
    } finally {
      await stage.close();
    }
  });

test('the screen "asleep" is readable, reachable and without a fault that axe knows', async () => {
  const stage = await Stage.open();
  try {
    await look(stage, 'asleep', {}, (window) => window.shows('asleep'));
  } finally {
    await stage.close();
  }
});

test('the question before going back is readable, reachable and without a fault that axe knows', async () => {
  const stage = await Stage.open(STORY.idle);
  try {
    stage.updater.set(STORY['arrived-new']);
    await look(stage, 'go-back', {}, async (window) => {
      await window.tap('Go back to how it was');
      await window.shows('goBack');
    });
  } finally {
    await stage.close();
  }
});

for (const [theme, options] of [
  ['dark', { colorScheme: 'dark' }],
  ['forced', { forcedColors: 'active' }],
] as const)
  test(`in ${theme} colours nothing is lost`, async () => {
    const stage = await Stage.open(STORY.idle);
    try {
      for (const chapter of ['available', 'fetching', 'ready', 'no-one-nearby'] as const) {
        stage.updater.set(STORY[chapter]);
        await look(stage, `${chapter}-${theme}`, options, async (window) => {
          await window.page.locator('ripple-app:not([data-screen=starting])').waitFor();
        });
      }
    } finally {
      await stage.close();
    }
  });

test('who asked for less motion sees none', async () => {
  const stage = await Stage.open(STORY.fetching);
  try {
    for (const [reducedMotion, moves] of [
      ['reduce', false],
      ['no-preference', true],
    ] as const) {
      const window = await Window.open(browser, await stage.newAddress(), { reducedMotion });
      await window.shows('fetching');
      const dot = window.page.locator('.dot').first();
      await dot.waitFor({ state: 'attached' });
      const running = await dot.evaluate((one) => one.getAnimations().some(({ playState }) => playState === 'running'));
      assert.equal(running, moves, reducedMotion);
      await window.close();
    }
  } finally {
    await stage.close();
  }
});
