/** Pictures of the main ten screens that somebody looked at and accepted; `npm run pictures -- --accept` takes them anew. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { ALL_SCREENS, type Case, SIZES } from './all-screens.ts';
import { PROJECT_ROOT } from './private-bus.ts';
import { ShowWindow } from './show-window.ts';

export const ACCEPTED = join(PROJECT_ROOT, 'test', 'ui', 'accepted');
export const MAIN_TEN = [
  'idle',
  'available',
  'later-when',
  'fetching',
  'checking',
  'ready',
  'ordered-ready',
  'arrived-new',
  'go-back',
  'class',
] as const;
/** Half the size is enough to see what changed, and small enough to keep. */
const SCALE = 0.5;
/** A morning, so that all of "later" is offered. */
const PRESENT = new Date('2026-03-02T09:00:00Z');
const TO_DEADLINE_SECONDS = 600;

function inTime(one: Case): Case {
  const { properties } = one.snapshot;
  if (!properties?.order) return one;
  const deadline = PRESENT.getTime() / 1000 + TO_DEADLINE_SECONDS;
  return {
    ...one,
    snapshot: { ...one.snapshot, properties: { ...properties, order: { ...properties.order, deadline } } },
  };
}

/** PNG of each of the main ten, by name. */
export async function takeMainTen(browser: Browser): Promise<ReadonlyMap<string, Buffer>> {
  const taken = new Map<string, Buffer>();
  const window = await ShowWindow.open(browser, { present: PRESENT });
  await window.size(SIZES.small, SCALE);
  for (const one of ALL_SCREENS.map(inTime).filter(({ name }) => MAIN_TEN.some((wanted) => wanted === name))) {
    await window.show(one.snapshot, one.question, one.classPage);
    // A letter that no earlier screen had may need a font, and only a picture makes sure that it is asked for.
    await window.png();
    await window.page.evaluate(() => document.fonts.ready);
    taken.set(one.name, await window.png());
  }
  await window.close();
  return taken;
}

/**
 * The share of a picture that looks different, 0 to 1, by squares of four by four pixels: letters that are drawn a little
 * otherwise by another release of Chromium change few of them by little, a thing that moved or is gone changes many.
 */
export function differenceOf(page: Page, a: Buffer, b: Buffer): Promise<number> {
  return page.evaluate(
    async (pictures) => {
      const least = 40;
      const squares = await Promise.all(
        pictures.map(async (base64) => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
          const canvas = new OffscreenCanvas(Math.ceil(bitmap.width / 4), Math.ceil(bitmap.height / 4));
          const context = canvas.getContext('2d');
          if (!context) throw new Error('no canvas');
          context.imageSmoothingQuality = 'high';
          context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
          return {
            size: canvas.width * canvas.height,
            data: context.getImageData(0, 0, canvas.width, canvas.height).data,
          };
        }),
      );
      const [one, other] = squares;
      if (!one || !other || one.size !== other.size) return 1;
      let different = 0;
      for (let i = 0; i < one.size * 4; i += 4)
        if ([0, 1, 2].some((c) => Math.abs((one.data[i + c] ?? 0) - (other.data[i + c] ?? 0)) > least)) different += 1;
      return different / one.size;
    },
    [a.toString('base64'), b.toString('base64')],
  );
}
