/** A person's pair of colours, as Sugar has them: the outline and the inside of the XO. */
export interface Colours {
  readonly stroke: string;
  readonly fill: string;
}

const PAIR = /^(#[0-9a-f]{6}),(#[0-9a-f]{6})$/i;

/** For whoever does not tell their colours. */
export const NO_COLOURS: Colours = { stroke: '#6b6b6b', fill: '#d9d9d9' };

/** Reads `#stroke,#fill`. The text comes from the network, so anything else is nobody's colours. */
export function coloursOf(text: string): Colours {
  const [, stroke, fill] = PAIR.exec(text) ?? [];
  return stroke && fill ? { stroke, fill } : NO_COLOURS;
}

/** Relative luminance, WCAG 2.2. `colour` is `#rrggbb`. */
function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** Contrast ratio from 1 to 21, WCAG 2.2. */
export function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** The paper of the light and of the dark theme; the same as in `page.css`. */
export const PAPER = { light: '#ffffff', dark: '#1e1e1e' } as const;
/** WCAG 2.2, 1.4.11. */
const SHAPE_CONTRAST = 3;

/** On which papers the outline would be lost, so that the figure needs a line round it there. */
export function faintOn(colours: Colours): readonly (keyof typeof PAPER)[] {
  return (['light', 'dark'] as const).filter((theme) => contrast(colours.stroke, PAPER[theme]) < SHAPE_CONTRAST);
}
