/** What is new, as the publisher wrote it. */

/** One thing that is new: a sentence, and the publisher's picture of it as a URL. */
export interface Note {
  readonly text: string;
  readonly picture: string | undefined;
}

/** In the person's language, else in English, else nothing; at most three sentences. */
export function noteLines(notes: Readonly<Record<string, string>>, language: string): readonly Note[] {
  const base = language.split('-')[0] ?? language;
  const text = notes[language] ?? notes[base] ?? notes.en ?? '';
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 3)
    .map((line, index) => ({ text: line, picture: pictureUrl(notes[`picture.${index + 1}`]) }));
}

/**
 * A publisher's SVG as an image: shown so, it runs no script and loads nothing from anywhere (SVG Integration, "secure
 * static mode"), whatever is in it.
 */
function pictureUrl(svg: string | undefined): string | undefined {
  return svg === undefined ? undefined : `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
