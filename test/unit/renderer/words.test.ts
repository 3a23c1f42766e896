import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from '../../../renderer/words/en.ts';
import { noteLines, wordsFor } from '../../../renderer/words/languages.ts';
import { named, type Sentence } from '../../../renderer/words/words.ts';

/** Every sentence of a language, however deep it lies. */
function sentences(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(sentences);
}
const isSentence = (value: unknown): value is Sentence =>
  typeof value === 'object' && value !== null && 'title' in value && typeof value.title === 'string';

test('no sentence has more than eight words', () => {
  for (const text of sentences(en))
    for (const sentence of text.split(/(?<=[.!?…])\s+/)) assert.ok(sentence.split(/\s+/).length <= 8, sentence);
});

test('a child reads no hard words and no numbers', () => {
  for (const text of sentences(en))
    assert.doesNotMatch(text, /\b(update|upgrade|install|error|failed|version|download|verify|peer|server|MB)|[%\d]/i);
});

test('every screen has a heading', () => {
  const screens = Object.values(en).filter(isSentence);
  assert.ok(screens.length > 10);
  for (const { title } of screens) assert.notEqual(title, '');
});

test('a sentence names at most two, counts the others, and keeps a name’s own direction', () => {
  const someone = (name: string, kind: 'friend' | 'school' = 'friend') => ({ name, kind });
  const say = (...friends: Parameters<typeof named>[0][number][]) => en.haveIt(named(friends, en));
  assert.equal(say(someone('Ana')), '\u2068Ana\u2069 has it.');
  assert.equal(say(someone('', 'school'), someone('Ana')), 'Your school and \u2068Ana\u2069 have it.');
  assert.match(say(someone('Ana'), someone('Luis'), someone('Mei')), /and one more have it/);
  assert.match(say(someone('Ana'), someone('Luis'), someone('Mei'), someone('Tika')), /and 2 more have it/);
  assert.equal(say(someone(''), someone(''), someone('')), 'A friend and 2 more have it.');
});

test('the words are those of the first language that there is', () => {
  assert.equal(wordsFor(['en-GB']), en);
  assert.equal(wordsFor(['xx', 'en']), en);
  assert.equal(wordsFor([]), en);
});

test('notes are in the language of the person, else in English, three lines at most', () => {
  const lines = (notes: Readonly<Record<string, string>>, language: string): string[] =>
    noteLines(notes, language).map((note) => note.text);
  assert.deepEqual(lines({ en: 'a', es: 'b' }, 'es'), ['b']);
  assert.deepEqual(lines({ en: 'a', es: 'b' }, 'es-PE'), ['b']);
  assert.deepEqual(lines({ en: ' a \n\nb\nc\nd' }, 'km'), ['a', 'b', 'c']);
  assert.deepEqual(lines({}, 'en'), []);
  const pictured = noteLines({ en: 'a\nb', 'picture.1': '<svg onload="x"/>' }, 'en');
  assert.deepEqual(
    pictured.map((note) => note.picture),
    ['data:image/svg+xml,%3Csvg%20onload%3D%22x%22%2F%3E', undefined],
  );
});
