/** The drawn parts, each with its name. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import { house } from '../renderer/components/house.ts';
import { ICONS } from '../renderer/components/icons.ts';
import { sun } from '../renderer/components/sun.ts';
import { newMark, versionMark } from '../renderer/components/version-mark.ts';
import { wearing, xo } from '../renderer/components/xo.ts';
import { coloursOf } from '../renderer/state/colours.ts';
import { friend } from '../service/demo/scripted/child-story.ts';

const VERSIONS = Array.from({ length: 24 }, (_, i) => i + 1);
const LEVELS = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
/** Seconds to the deadline. */
const HEIGHTS = [8 * 3600, 4 * 3600, 2 * 3600, 3600, 1800, 600, 60, 0];
const FIGURES = Array.from({ length: 12 }, (_, i) => coloursOf(friend(i).colours));

function part(name: string, picture: SVGTemplateResult, box = '0 0 100 100'): TemplateResult {
  return html`<figure><svg viewBox=${box}>${picture}</svg><figcaption>${name}</figcaption></figure>`;
}

function row(title: string, parts: readonly TemplateResult[]): TemplateResult {
  return html`<h2>${title}</h2><div class="row">${parts}</div>`;
}

export function parts(): TemplateResult {
  const [colours = coloursOf('')] = FIGURES;
  const words = Object.entries(ICONS).map(([name, drawn]) =>
    part(
      name,
      svg`<g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">${drawn}</g>`,
      '0 0 24 24',
    ),
  );
  return html`
    ${row(
      'Versions 1 to 24',
      VERSIONS.map((version) => part(String(version), versionMark(version, 50, 50, 84))),
    )}
    ${row(
      'The new one',
      VERSIONS.slice(0, 7).map((version) => part(String(version), newMark(version, 50, 50, 60))),
    )}
    ${row(
      'Figures',
      FIGURES.map((one, i) => part(friend(i).name || 'no colours', wearing(one, i + 1))),
    )}
    ${row(
      'Filling up',
      LEVELS.map((level) => part(String(level), xo({ colours, level }))),
    )}
    ${row('Somebody who is gone', [part('gone', xo({ colours, level: 0, gone: true }))])}
    ${row(
      'The school',
      (['has', 'getting', 'gone'] as const).map((state) => part(state, house(coloursOf(''), state))),
    )}
    ${row(
      'The sun',
      HEIGHTS.map((seconds) => part(`${seconds / 60} min`, sun(seconds))),
    )}
    ${row('Icons', words)}`;
}
