// npm run pictures [-- --built] [--accept] [NAME...]: with --accept the main ten screens, as they look now, become what test/ui compares with;
// without, the pictures of README.md and docs/, taken from the built page with the scripted daemon. Never by
// hand: whoever changes a screen takes them anew.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!process.argv.includes('--built')) setup('test');
const { startDev } = await import('../build/service/demo/dev.js');
const { findBrowser } = await import('../build/main/window.js');

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const wanted = (name) => names.length === 0 || names.includes(name);
const WIDE = { width: 1000, height: 625 };
const LANGUAGES = ['en', 'es', 'pt', 'fr', 'ar', 'fa-AF', 'ps', 'ne', 'mn', 'km', 'rw', 'qu'];
const one = (show, more = {}) => ({ steps: [{ show, ...more }] });
const PICTURES = [
  { name: 'available', scenario: one('available'), waitFor: '[data-screen=available]' },
  { name: 'fetching', scenario: one('fetching'), waitFor: '[data-screen=fetching]' },
  { name: 'deadline', scenario: one('ready', { deadlineSeconds: 2400 }), waitFor: '[data-screen=ready]' },
  {
    name: 'class',
    scenario: { class: 60, ...one('available') },
    waitFor: 'ripple-class .tile',
    size: { width: 1024, height: 768 },
  },
];

const folder = mkdtempSync(join(tmpdir(), 'ripple-pictures-'));
const executablePath = findBrowser();
if (!executablePath) throw new Error('no Chromium found: install the Debian package chromium');
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

/** A picture of what a scenario shows, as PNG. */
async function take(scenario, waitFor, { size = WIDE, language = 'en' } = {}) {
  const file = join(folder, 'scenario.json');
  writeFileSync(file, JSON.stringify(scenario));
  const dev = await startDev({ page: join(root, 'build/renderer-dist'), scenario: file, say: () => {} });
  const context = await browser.newContext({
    viewport: size,
    locale: language,
    reducedMotion: 'reduce',
    colorScheme: 'light',
  });
  try {
    const page = await context.newPage();
    await page.goto(dev.url);
    await page.locator(waitFor).first().waitFor();
    await page.evaluate(() => document.fonts.ready);
    return await page.screenshot();
  } finally {
    await context.close();
    await dev.stop();
  }
}

/** Small ones of the same screen, side by side. */
async function sheet(pictures, columns) {
  const width = 300;
  const context = await browser.newContext({ viewport: { width: columns * (width + 8) + 8, height: 100 } });
  try {
    const page = await context.newPage();
    const images = pictures.map((png) => `<img src="data:image/png;base64,${png.toString('base64')}">`).join('');
    await page.setContent(`<style>body{margin:8px;display:grid;gap:8px;grid-template-columns:repeat(${columns},${width}px)}
      img{width:${width}px;display:block;outline:1px solid #ccc}</style>${images}`);
    return await page.screenshot({ fullPage: true });
  } finally {
    await context.close();
  }
}

function keep(name, png) {
  const file = join(root, 'docs', `${name}.png`);
  writeFileSync(file, png);
  console.log(
    `docs/${name}.png  ${Math.round(statSync(file).size / 1000)} kB, ${readFileSync(file).readUInt32BE(16)} wide`,
  );
}

if (process.argv.includes('--accept')) {
  const { ACCEPTED, takeMainTen } = await import('../build/test/helpers/accepted.js');
  mkdirSync(ACCEPTED, { recursive: true });
  for (const [name, png] of await takeMainTen(browser)) writeFileSync(join(ACCEPTED, `${name}.png`), png);
  console.log(`${ACCEPTED}: look at them before you commit them`);
  await browser.close();
  process.exit(0);
}

try {
  for (const { name, scenario, waitFor, size } of PICTURES.filter(({ name }) => wanted(name)))
    keep(name, await take(scenario, waitFor, size ? { size } : {}));
  if (wanted('languages')) {
    const spoken = [];
    for (const language of LANGUAGES)
      spoken.push(await take(one('ready'), '[data-screen=ready]', { language, size: { width: 800, height: 480 } }));
    keep('languages', await sheet(spoken, 3));
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
