import type { Browser } from 'playwright-core';
import type { Size } from './show-window.ts';

export interface Picture {
  readonly name: string;
  readonly jpeg: Buffer;
}

const COLUMNS = 7;
const WIDTH = 300;

/** All of them small, side by side, each with its name: to look over many at once. @returns PNG */
export async function contactSheet(
  browser: Browser,
  pictures: readonly Picture[],
  { width, height }: Size,
): Promise<Buffer> {
  const small = Math.round(WIDTH * Math.min(1, width / height));
  const page = await browser.newPage({ viewport: { width: COLUMNS * (small + 8) + 8, height: 100 } });
  try {
    const shown = pictures.map(
      ({ name, jpeg }) => `<figure>${name}<img src="data:image/jpeg;base64,${jpeg.toString('base64')}"></figure>`,
    );
    await page.setContent(`<style>body{margin:8px;font:11px sans-serif;display:grid;gap:8px;
      grid-template-columns:repeat(${COLUMNS},${small}px)}figure{margin:0}img{width:${small}px;display:block;outline:1px solid #ccc}
      </style>${shown.join('')}`);
    return await page.screenshot({ fullPage: true, type: 'png' });
  } finally {
    await page.close();
  }
}
