/** Chromium itself says with which fonts it drew every word of every language: only with those that come along. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { ShowWindow } from '../helpers/show-window.ts';

const LANGUAGES = new URL('../../renderer/words/languages/', import.meta.url);

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await ShowWindow.closeAll();
  await browser.close();
});

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

test('every letter of every language is drawn with a font that comes along', async () => {
  const window = await ShowWindow.open(browser, {});
  const strange: string[] = [];
  const names = readdirSync(LANGUAGES).filter((name) => name.endsWith('.js'));
  assert.ok(names.length >= 12);
  for (const name of names) {
    const { text }: { readonly text: object } = await import(new URL(name, LANGUAGES).href);
    const fonts = await window.fontsOf(texts(text).join('\n'));
    assert.ok(fonts.length > 0, `${name} was drawn`);
    for (const { familyName, isCustomFont, glyphCount } of fonts)
      if (!isCustomFont) strange.push(`${name}: ${glyphCount} letters of ${familyName}`);
  }
  assert.equal(strange.join('\n'), '');
  const control = await window.fontsOf('\u3042');
  assert.ok(!control.some((font) => font.isCustomFont), 'a script that no font of ours has is seen');
  await window.close();
});
