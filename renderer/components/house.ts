import { type SVGTemplateResult, svg } from 'lit';
import { type Colours, NO_COLOURS } from '../state/colours.ts';
import type { FriendState } from '../state/friends.ts';

const WALLS = 'M22 47 V84 Q22 88 26 88 H74 Q78 88 78 84 V47';
const ROOF = 'M12 52 L47 19 Q50 16 53 19 L88 52';
const FLAG = 'M50 17 V5 H63 L59.5 9.5 L63 14 H50';

/** The school: a house with a flag, full where it has the new version, an outline where it is away. */
export function house(colours: Colours, state: FriendState): SVGTemplateResult {
  const own = colours === NO_COLOURS ? 'var(--grey)' : colours.fill;
  const inside = state === 'gone' ? 'var(--paper)' : own;
  const line = state === 'gone' ? 'var(--ink-soft)' : 'var(--ink)';
  return svg`
    <g class="house ${state}" stroke=${line} stroke-width="5.5" stroke-linejoin="round" stroke-linecap="round">
      <path d=${`${WALLS} Z`} fill=${inside} stroke="none" />
      <path d="M22 49 L50 23 L78 49 Z" fill=${inside} stroke="none" />
      <path d=${WALLS} fill="none" />
      <path d=${ROOF} fill="none" />
      <path d=${FLAG} fill=${line} stroke-width="3.5" />
      <path d="M42 88 V69 Q42 61 50 61 Q58 61 58 69 V88" fill="var(--paper)" stroke-width="4.5" />
      ${state === 'getting' ? svg`<path d="M24 49 L50 25 L76 49 V58 H24 Z" fill="var(--paper)" stroke="none" />` : svg``}
    </g>`;
}
