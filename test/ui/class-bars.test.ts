/** The bars of the class map: drawn over the tiles as one shape, where the tiles have their own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { classSnapshot } from '../../renderer-dev/gallery-story.ts';
import type { ActivitySnapshot } from '../../service/api/activity.ts';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { ShowWindow } from '../helpers/show-window.ts';

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());

/** A class of forty, all that are on their way at the same per cent. */
function at(progress: number): ActivitySnapshot {
  const all = classSnapshot(40, STORY.idle);
  const classroom = (all.classroom ?? []).map((one) => (one.state === 'fetching' ? { ...one, progress } : one));
  return { ...all, classroom };
}

interface Bar {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What is drawn, and the insides of the tiles' own bars, both in CSS pixels of the window. */
async function bars(page: Page): Promise<{ readonly drawn: readonly Bar[]; readonly own: readonly Bar[] }> {
  const sheet = page.locator('.moving path');
  const over = await page.locator('.moving').boundingBox();
  assert.ok(over);
  const shape = (await sheet.getAttribute('d')) ?? '';
  const drawn = [...shape.matchAll(/M([\d.-]+) ([\d.-]+)h([\d.-]+)v([\d.-]+)/g)].map((numbers) => {
    const [x = 0, y = 0, across = 0, down = 0] = numbers.slice(1).map(Number);
    const [left, right] = [over.x + Math.min(x, x + across), over.x + Math.max(x, x + across)];
    return { left, right, top: over.y + y, bottom: over.y + y + down };
  });
  const own: Bar[] = [];
  for (const bar of await page.locator('.tile.getting .bar').all()) {
    const box = await bar.boundingBox();
    assert.ok(box);
    own.push({ left: box.x + 1, right: box.x + box.width - 1, top: box.y + 1, bottom: box.y + box.height - 1 });
  }
  return { drawn, own };
}

function near(a: number, b: number, what: string): void {
  assert.ok(Math.abs(a - b) < 0.75, `${what}: ${a} and ${b}`);
}

for (const language of ['en', 'ar'])
  test(`each bar is drawn where its tile has it, from the side where reading begins (${language})`, async () => {
    const window = await ShowWindow.open(browser, { language });
    try {
      for (const size of [
        { width: 1024, height: 768 },
        { width: 700, height: 900 },
      ]) {
        await window.size(size);
        await window.show(at(40));
        await window.page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true))));
        const { drawn, own } = await bars(window.page);
        assert.ok(own.length > 5);
        assert.equal(drawn.length, own.length);
        for (const [i, bar] of drawn.entries()) {
          const place = own[i] as Bar;
          near(bar.top, place.top, 'top');
          near(bar.bottom, place.bottom, 'bottom');
          const long = (place.right - place.left) * 0.4;
          near(bar.left, language === 'ar' ? place.right - long : place.left, 'left');
          near(bar.right, language === 'ar' ? place.right : place.left + long, 'right');
        }
      }
      await window.page.emulateMedia({ media: 'print' });
      assert.equal(await window.page.locator('.moving').isVisible(), false);
      assert.equal(await window.page.locator('.tile.getting .bar span').first().isVisible(), true);
    } finally {
      await window.close();
    }
  });

/** Every length that the first bar has from a change to its end, in CSS pixels. */
async function lengths(window: ShowWindow, from: number, to: number): Promise<readonly number[]> {
  await window.show(at(from));
  const shapes = window.page.locator('.moving path').evaluate(
    (path, end) =>
      new Promise<string[]>((resolve) => {
        const seen: string[] = [];
        new MutationObserver(() => {
          seen.push(path.getAttribute('d') ?? '');
          const long = Number(/h([\d.]+)/.exec(seen.at(-1) ?? '')?.[1]);
          const whole = path.closest('.tiles')?.querySelector('.tile.getting .bar')?.clientWidth ?? 0;
          if (Math.abs(long - (whole * end) / 100) < 0.5) resolve(seen);
        }).observe(path, { attributes: true });
      }),
    to,
  );
  window.tell(at(to));
  return (await shapes).map((shape) => Number(/h([\d.]+)/.exec(shape)?.[1]));
}

test('a bar glides to its new level and never back; whoever wants no motion sees it jump', async () => {
  const window = await ShowWindow.open(browser);
  try {
    await window.size({ width: 1024, height: 768 });
    await window.page.emulateMedia({ reducedMotion: 'no-preference' });
    const glided = await lengths(window, 10, 90);
    const [first = 0] = glided;
    assert.ok(glided.length > 1 && first < (glided.at(-1) ?? 0) / 2, `first it stands where it was: ${glided}`);
    assert.deepEqual(
      glided,
      [...glided].sort((a, b) => a - b),
    );
    await window.page.emulateMedia({ reducedMotion: 'reduce' });
    assert.equal((await lengths(window, 10, 90)).length, 1);
  } finally {
    await window.close();
  }
});
