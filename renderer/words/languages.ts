import { en } from './en.ts';
import type { Words } from './words.ts';

/** Every language there is; the first is what everyone else gets. */
const LANGUAGES: readonly [Words, ...Words[]] = [en];

/** The words for the first of the person's languages (BCP 47, best first) that there are words for. */
export function wordsFor(wanted: readonly string[]): Words {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    const exact = LANGUAGES.find((words) => words.language.toLowerCase() === tag.toLowerCase());
    const near = exact ?? LANGUAGES.find((words) => words.language.toLowerCase().split('-')[0] === base);
    if (near) return near;
  }
  return LANGUAGES[0];
}

/** What is new, in the person's language, else in English, else nothing; at most three sentences. */
export function noteLines(notes: Readonly<Record<string, string>>, language: string): readonly string[] {
  const base = language.split('-')[0] ?? language;
  const text = notes[language] ?? notes[base] ?? notes.en ?? '';
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 3);
}
