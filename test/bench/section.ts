/** A part of BENCHMARKS.md that one bench owns; everything else in the file stays as it is. Pure. */

export interface SectionMarkers {
  readonly start: string;
  readonly end: string;
}

/** The text with what is between the markers replaced; appended with its markers where they are not there yet. */
export function withSection(text: string, { start, end }: SectionMarkers, content: string): string {
  const section = `${start}\n${content.trimEnd()}\n${end}`;
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) return `${text.trimEnd()}\n\n${section}\n`;
  return text.slice(0, from) + section + text.slice(to + end.length);
}
