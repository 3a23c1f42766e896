/** Which language: the person's, as far as there is a file for it in `languages/`; each is loaded only where it is used. */
import { text as english } from './languages/en.ts';
import type { LanguageText } from './text.ts';
import { type Words, wordsFrom } from './words.ts';

/** Languages that are asked for by another name than their file has. */
const ALSO: Readonly<Record<string, string>> = { fa: 'fa-AF', prs: 'fa-AF' };

/** File names to try for one BCP 47 tag, best first. */
export function candidates(tag: string): readonly string[] {
  const base = tag.split('-')[0]?.toLowerCase() ?? '';
  const names = [tag, base, ALSO[base]].filter(
    (name) => name !== undefined && /^[A-Za-z]{2,3}(-[A-Za-z]{2})?$/.test(name),
  );
  return [...new Set(names)] as readonly string[];
}

async function load(name: string): Promise<LanguageText | undefined> {
  try {
    const file: { readonly text: LanguageText } = await import(`./languages/${name}.ts`);
    return file.text;
  } catch {
    return undefined;
  }
}

/** The words for the first of the person's languages (BCP 47, best first) that there is a file for; else English. */
export async function wordsFor(wanted: readonly string[]): Promise<Words> {
  for (const tag of wanted)
    for (const name of candidates(tag)) {
      const text = name === 'en' ? english : await load(name);
      if (text) return wordsFrom(text);
    }
  return wordsFrom(english);
}
