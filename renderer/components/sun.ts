/** The time that is left as a sun over the horizon: the lower it stands, the sooner it is. */
import { type SVGTemplateResult, svg } from 'lit';
import { setStyle } from './set-style.ts';

/** As high as it gets. */
const LONG_SECONDS = 8 * 3600;
/** From the top of its way to below the horizon, in units of the drawing. */
const WAY = 46;

/** 1: a long time left; 0: none. Falls faster towards the end, as a child feels it. */
export function sunHeight(seconds: number): number {
  return Math.sqrt(Math.min(1, Math.max(0, seconds / LONG_SECONDS)));
}

/** In a square of 100 by 100. */
export function sun(seconds: number): SVGTemplateResult {
  const down = (1 - sunHeight(seconds)) * WAY;
  const rays = Array.from({ length: 12 }, (_, i) => i * 30);
  return svg`<g class="sun" stroke="var(--ink)" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round">
    <g class="sky" ${setStyle({ 'clip-path': 'inset(-20px -20px 22px -20px) view-box' })}>
      <g transform=${`translate(50 ${34 + down})`}>
        ${rays.map((turn) => svg`<path d="M0 -22 V-29" transform=${`rotate(${turn})`} />`)}
        <circle r="17" fill="var(--star)" />
      </g>
    </g>
    <path d="M4 78 H96 M16 88 H84" />
  </g>`;
}
