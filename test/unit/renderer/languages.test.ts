/** What is asked of the words of every language: short, kind, complete, drawn by the fonts that come along. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { text as english } from '../../../renderer/words/languages/en.ts';
import type { LanguageText } from '../../../renderer/words/text.ts';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';

const MOST_WORDS = 8;
const RIGHT_TO_LEFT = /[\u0590-\u08ff]/;
/** Khmer writes no spaces between words; its dictionary cuts finer than a reader does. */
const UNSPACED: ReadonlySet<string> = new Set(['km']);
const MOST_UNSPACED = 10;

async function languages(): Promise<readonly LanguageText[]> {
  const folder = new URL('../../../renderer/words/languages/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return Promise.all(
    names.map(async (name) => {
      const file: { readonly text: LanguageText } = await import(new URL(name, folder).href);
      return file.text;
    }),
  );
}

interface Found {
  readonly at: string;
  readonly text: string;
}

/** Every text that a child may read, and where it stands. */
function sentences(value: unknown, at: string): readonly Found[] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => sentences(inner, `${at}.${key}`));
}

/** Everything that is shown. */
function shown(language: LanguageText): readonly Found[] {
  const { avoid: _, direction: __, lineHeight: ___, language: tag, ...rest } = language;
  return sentences(rest, tag);
}

/** What children read; teachers get the real terms. */
function read(language: LanguageText): readonly Found[] {
  return shown(language).filter(({ at }) => !at.startsWith(`${language.language}.teacher.`));
}

function wordCount(language: string, sentence: string): number {
  if (!UNSPACED.has(language)) return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}{]/u.test(word)).length;
  return [...new Intl.Segmenter(language, { granularity: 'word' }).segment(sentence)].filter((one) => one.isWordLike)
    .length;
}

test('no sentence has more than eight words', async () => {
  for (const language of await languages())
    for (const { at, text } of read(language))
      for (const sentence of text.split(/(?<=[.!?…។।؟])\s+/)) {
        const most = UNSPACED.has(language.language) ? MOST_UNSPACED : MOST_WORDS;
        assert.ok(wordCount(language.language, sentence) <= most, `${at}: ${sentence}`);
      }
});

test('a child reads no hard words and no numbers', async () => {
  for (const language of await languages()) {
    assert.ok(language.avoid.length >= 8, `${language.language} says which words are too hard`);
    for (const { at, text } of read(language)) {
      const lower = text.toLowerCase();
      for (const word of language.avoid) assert.ok(!lower.includes(word), `${at}: "${word}" in "${text}"`);
      assert.doesNotMatch(text, /[%\d٠-٩۰-۹०-९០-៩]|\bMB\b/, at);
    }
  }
});

test('nothing is left empty, in English or without the places that are filled in', async () => {
  const model = new Map(sentences({ ...english, avoid: [] }, '').map(({ at, text }) => [at, text]));
  const places = (text: string): string =>
    [...text.matchAll(/\{\w+\}/g)]
      .map(([place]) => place)
      .sort()
      .join();
  for (const language of await languages()) {
    let same = 0;
    for (const { at, text } of sentences({ ...language, avoid: [] }, '')) {
      assert.notEqual(text.trim(), '', `${language.language}${at}`);
      const like = model.get(at);
      if (like === undefined) continue;
      // A form for exactly one may leave the number out.
      if (!/\.(one|two)$/.test(at)) assert.equal(places(text), places(like), `${language.language}${at}`);
      if (text === like && text.length > 8) same += 1;
    }
    // A word or two may be the same in both: "version".
    if (language.language !== 'en') assert.ok(same <= 2, `${language.language}: ${same} texts are English`);
  }
});

test('the direction is that of the script', async () => {
  for (const language of await languages())
    assert.equal(language.direction, RIGHT_TO_LEFT.test(language.idle.title) ? 'rtl' : 'ltr', language.language);
});

test('the fonts that come along have every letter', async () => {
  const css = readFileSync(join(PROJECT_ROOT, 'renderer/fonts.css'), 'utf8');
  const ranges = [...css.matchAll(/unicode-range:\s*([^;]+);/g)].flatMap(([, list = '']) =>
    list.split(',').map((range) => {
      const [from = '', to = from] = range.trim().slice(2).split('-');
      return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const;
    }),
  );
  assert.ok(ranges.length > 20);
  for (const language of await languages())
    for (const { at, text } of shown(language))
      for (const letter of text) {
        const code = letter.codePointAt(0) ?? 0;
        assert.ok(
          ranges.some(([from, to]) => code >= from && code <= to),
          `${at}: U+${code.toString(16)} ${letter}`,
        );
      }
});
