import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { text as english } from '../../../renderer/words/languages/en.ts';
import { candidates, wordsFor } from '../../../renderer/words/languages.ts';
import { noteLines } from '../../../renderer/words/notes.ts';
import { named, wordsFrom } from '../../../renderer/words/words.ts';

const en = wordsFrom(english);

test('a sentence names at most two, counts the others, and keeps a name’s own direction', () => {
  const someone = (name: string, kind: 'friend' | 'school' = 'friend') => ({ name, kind });
  const say = (...friends: Parameters<typeof named>[0][number][]) => en.haveIt(named(friends, en));
  assert.equal(say(someone('Ana')), '\u2068Ana\u2069 has it.');
  assert.equal(say(someone('', 'school'), someone('Ana')), 'Your school and \u2068Ana\u2069 have it.');
  assert.match(say(someone('Ana'), someone('Luis'), someone('Mei')), /and one more have it/);
  assert.match(say(someone('Ana'), someone('Luis'), someone('Mei'), someone('Tika')), /and 2 more have it/);
  assert.equal(say(someone(''), someone(''), someone('')), 'A friend and 2 more have it.');
});

test('a nickname that looks like a template is only a nickname', () => {
  assert.equal(en.haveIt(named([{ name: '{who}{count}', kind: 'friend' }], en)), '\u2068{who}{count}\u2069 has it.');
});

test('numbers follow the plural rules of the language', async () => {
  const arabic = await wordsFor(['ar']);
  assert.equal(new Set([1, 2, 3, 11].map((count) => arabic.minutesLeft(count))).size, 4);
  assert.equal(en.minutesLeft(1), 'One minute is left.');
  assert.equal(en.minutesLeft(5), '5 minutes are left.');
});

test('the words are those of the first language that there is', async () => {
  const language = async (...wanted: string[]): Promise<string> => (await wordsFor(wanted)).language;
  assert.equal(await language('en-GB'), 'en');
  assert.equal(await language('xx', 'es-PE', 'en'), 'es');
  assert.equal(await language('fa'), 'fa-AF');
  assert.equal(await language('prs-AF'), 'fa-AF');
  assert.equal(await language('../../app', 'x/y'), 'en');
  assert.equal(await language(), 'en');
  assert.deepEqual(candidates('../en'), []);
});

test('all twelve languages are there, and each file is named after its language', async () => {
  const files = readdirSync(new URL('../../../renderer/words/languages/', import.meta.url));
  const names = files.filter((name) => name.endsWith('.js')).map((name) => name.slice(0, -3));
  for (const wanted of ['en', 'es', 'pt', 'fr', 'ar', 'fa-AF', 'ps', 'ne', 'mn', 'km', 'rw', 'qu'])
    assert.ok(names.includes(wanted), wanted);
  for (const name of names) assert.equal((await wordsFor([name])).language, name);
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
