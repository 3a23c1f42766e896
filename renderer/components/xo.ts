import { type SVGTemplateResult, svg } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { type Colours, faintOn } from '../state/colours.ts';
import { setStyle } from './set-style.ts';
import { versionMark } from './version-mark.ts';

export interface Xo {
  readonly colours: Colours;
  /** How full, from the feet up: 1 full, 0 outline only. */
  readonly level: number;
  /** Absent persons are drawn as broken outlines, so that colour is never alone in telling it. */
  readonly gone?: boolean;
}

/** The figure's own coordinates. It stands in the middle of a square, feet down. */
export const XO_BOX = 100;
const TOP = 4;
const FEET = 97;

const HEAD = { x: 50, y: 18, radius: 14 } as const;
/** Two strokes with round ends that cross: arms up, legs down. */
const BODY = 'M19 30 L81 87 M81 30 L19 87';
const LIMB = 21;
const LINE = 5;

function body(className: string, colour: string, width: number): SVGTemplateResult {
  return svg`<path class=${className} d=${BODY} fill="none" stroke=${colour} stroke-width=${width} stroke-linecap="round" />`;
}

function head(className: string, colour: string, radius: number): SVGTemplateResult {
  return svg`<circle class=${className} cx=${HEAD.x} cy=${HEAD.y} r=${radius} fill=${colour} />`;
}

/** Head and body as one silhouette in one colour; `inset` makes it thinner all round. */
function silhouette(className: string, colour: string, inset: number): SVGTemplateResult {
  return svg`${body(className, colour, LIMB - 2 * inset)}${head(className, colour, HEAD.radius - inset)}`;
}

/** The figure of a person: a circle over an X, outline and inside in that person's two colours. For an `<svg>` of 100 by 100. */
export function xo({ colours, level, gone = false }: Xo): SVGTemplateResult {
  const faint = faintOn(colours);
  const keyline = `keyline ${faint.map((theme) => `faint-${theme}`).join(' ')}`;
  const cut = TOP + (1 - Math.min(1, Math.max(0, level))) * (FEET - TOP);
  const empty = level <= 0;
  const outline = (): SVGTemplateResult => svg`
    ${silhouette(keyline, 'var(--ink-soft)', -1.6)}
    ${silhouette('person-stroke', colours.stroke, 0)}
    ${silhouette('paper', 'var(--paper)', gone ? LINE * 0.6 : LINE)}`;
  return svg`
    <g class="xo ${gone ? 'gone' : ''}">
      ${guard([colours.stroke, keyline, gone], outline)}
      ${
        empty
          ? svg``
          : svg`<g class="level" ${setStyle({ 'clip-path': `inset(${cut}% 0 0 0) view-box` })}>
              ${guard([colours.fill], () => silhouette('person-fill', colours.fill, LINE))}
            </g>`
      }
    </g>`;
}

/** The figure, whole, with the flower of the version it runs on its chest. */
export function wearing(colours: Colours, version: number): SVGTemplateResult {
  return svg`${xo({ colours, level: 1 })}${versionMark(version, 50, 58.5, 24)}`;
}
