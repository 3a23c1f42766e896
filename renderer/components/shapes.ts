/** The things round the figure: star, magnifier, moon and the pictures of the troubles. All in a 100 by 100 square. */
import { type SVGTemplateResult, svg } from 'lit';

const STAR = (() => {
  const points = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 10 : 4.6;
    const angle = (i * Math.PI) / 5;
    return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  });
  return `M${points.join(' L')} Z`;
})();

/** What is new is a star, everywhere. */
export function star(x: number, y: number, size: number): SVGTemplateResult {
  return svg`<path class="star" d=${STAR} transform=${`translate(${x} ${y}) scale(${size / 20})`} stroke-width="2.4"
    stroke-linejoin="round" fill="var(--star)" stroke="var(--ink)" />`;
}

/** A looking glass whose middle is at x, y. */
export function magnifier(x: number, y: number, radius: number): SVGTemplateResult {
  const edge = radius * 0.72;
  return svg`<g class="magnifier" transform=${`translate(${x} ${y})`}>
    <path d=${`M${edge} ${edge} L${edge * 2.1} ${edge * 2.1}`} stroke="var(--paper)" stroke-width="11" stroke-linecap="round" />
    <path d=${`M${edge} ${edge} L${edge * 2.1} ${edge * 2.1}`} stroke="var(--ink)" stroke-width="7" stroke-linecap="round" />
    <circle r=${radius} fill="var(--glass)" stroke="var(--paper)" stroke-width="7" />
    <circle r=${radius} fill="none" stroke="var(--ink)" stroke-width="4" />
    <path d=${`M${-radius * 0.55} ${-radius * 0.2} A ${radius * 0.6} ${radius * 0.6} 0 0 1 ${-radius * 0.1} ${-radius * 0.6}`}
      fill="none" stroke="var(--paper)" stroke-width="3" stroke-linecap="round" />
  </g>`;
}

export function sleepMarks(x: number, y: number): SVGTemplateResult {
  const z = (dx: number, dy: number, size: number): SVGTemplateResult =>
    svg`<path d=${`M${x + dx} ${y + dy} h${size} l${-size} ${size} h${size}`} />`;
  return svg`<g class="sleep" fill="none" stroke="var(--ink-soft)" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">
    ${z(0, 0, 6)}${z(10, -12, 8)}${z(23, -27, 10)}
  </g>`;
}

const LINE = { ink: 'var(--ink)', soft: 'var(--ink-soft)', paper: 'var(--paper)', grey: 'var(--grey)' } as const;

function drawn(content: SVGTemplateResult): SVGTemplateResult {
  return svg`<g fill="none" stroke=${LINE.ink} stroke-width="4" stroke-linecap="round" stroke-linejoin="round">${content}</g>`;
}

/** A box so full that things stick out. */
export const FULL_BOX = drawn(svg`
  <rect x="30" y="22" width="20" height="34" rx="3" fill=${LINE.grey} transform="rotate(-9 40 40)" />
  <circle cx="62" cy="34" r="12" fill=${LINE.paper} />
  <path d="M47 46 56 20 66 46 Z" fill=${LINE.grey} transform="rotate(12 56 34)" />
  <path d="M18 48 H82 L77 84 Q76.5 88 72 88 H28 Q23.5 88 23 84 Z" fill=${LINE.paper} />
  <path d="M18 48 L8 40 M82 48 L92 40" />
  <path d="M40 66 H60" stroke-width="5" />`);

/** A battery that is nearly empty, and the plug that helps. */
export const EMPTY_BATTERY = drawn(svg`
  <rect x="12" y="14" width="58" height="32" rx="6" fill=${LINE.paper} />
  <path d="M76 24 V36" stroke-width="6" />
  <rect x="19" y="21" width="9" height="18" rx="2" fill=${LINE.ink} stroke="none" />
  <path d="M58 58 V68 M76 58 V68" stroke-width="5" />
  <path d="M50 68 H84 V74 Q84 86 67 86 Q50 86 50 74 Z" fill=${LINE.grey} />
  <path d="M67 86 V90 Q67 96 60 96 H30 Q22 96 22 88 V72" />`);

/** Something that was one piece. */
export const BROKEN_PIECE = drawn(svg`
  <path d="M44 26 H22 Q18 26 18 30 V72 Q18 76 22 76 H36 L44 64 L35 52 L46 40 Z" fill=${LINE.grey} transform="rotate(-6 30 50)" />
  <path d="M58 24 H78 Q82 24 82 28 V70 Q82 74 78 74 H50 L58 62 L49 50 L60 38 Z" fill=${LINE.paper} transform="rotate(7 68 50)" />
  <path d="M50 14 V6 M62 15 L67 8 M38 15 L33 8" stroke=${LINE.soft} stroke-width="3.5" />`);

/** A star that is none, on its way into the bin. */
export const THROWN_AWAY = drawn(svg`
  <path d=${STAR} transform="translate(52 24) rotate(20) scale(1.8)" stroke-width="2.2" fill=${LINE.paper} />
  <path d="M44 30 L58 20 M47 18 L55 32" stroke-width="3" />
  <path d="M26 36 V26 M18 38 V32 M78 36 V24 M86 38 V32" stroke=${LINE.soft} stroke-width="3" />
  <path d="M24 50 H76 L71 90 Q70.5 94 66 94 H34 Q29.5 94 29 90 Z" fill=${LINE.grey} />
  <path d="M18 50 H82" stroke-width="6" />
  <path d="M42 61 L44 83 M58 61 L56 83" stroke-width="3.5" />`);

/** The laptop, with room on its screen for a figure. */
export const LAPTOP = drawn(svg`
  <path d="M22 24 Q12 22 10 10 M78 24 Q88 22 90 10" stroke-width="5" />
  <rect x="17" y="18" width="66" height="50" rx="7" fill=${LINE.grey} />
  <rect x="25" y="25" width="50" height="36" rx="3" fill=${LINE.paper} stroke-width="3" />
  <path d="M17 74 H83 L90 88 Q91 91 88 91 H12 Q9 91 10 88 Z" fill=${LINE.grey} />
  <path d="M32 82 H68" stroke-width="3" />`);

/** A closed lock: somebody else has the key. */
export const LOCK = drawn(svg`
  <path d="M33 46 V33 Q33 16 50 16 Q67 16 67 33 V46" stroke-width="6" />
  <rect x="22" y="46" width="56" height="42" rx="8" fill=${LINE.grey} />
  <circle cx="50" cy="63" r="5" fill=${LINE.ink} stroke="none" />
  <path d="M50 65 V75" stroke-width="5" />`);

/** A glass of running sand. */
export const HOURGLASS = drawn(svg`
  <path d="M28 14 H72 M28 88 H72" stroke-width="6" />
  <path d="M33 14 Q33 38 50 51 Q67 38 67 14 Z M33 88 Q33 64 50 51 Q67 64 67 88 Z" fill=${LINE.paper} />
  <path d="M39 88 Q41 74 50 72 Q59 74 61 88 Z M42 30 H58 Q55 38 50 42 Q45 38 42 30 Z" fill=${LINE.ink} stroke="none" />`);

/** An arrow all the way round, for a restart; inside it is room for a figure. */
export const TURNING_ARROW = svg`<g class="turning" fill="none" stroke="var(--ink-soft)" stroke-width="3.5" stroke-linecap="round"
  stroke-linejoin="round"><path d="M94 50 A44 44 0 1 1 79 16.9" /><path d="M81 5 V18.5 H67.5" /></g>`;

/** From one figure to the other. */
export const BACK_ARROW = drawn(svg`<path d="M70 40 H34 M47 26 L32 40 L47 54" stroke-width="6" />`);

/** It waits until the evening: beside the figure's head. */
export const MOON = svg`<path class="moon" d="M20 14.2A8.5 8.5 0 1 1 9.8 4a7 7 0 0 0 10.2 10.2Z" transform="translate(-2 -2)" fill="var(--grey)"
  stroke="var(--ink)" stroke-width="2.4" stroke-linejoin="round" />`;
