/** The pictures on buttons, 24 by 24, in the button's own colour. Arrows that turn are not mirrored for right-to-left. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

export type IconName =
  | 'look'
  | 'get'
  | 'later'
  | 'tonight'
  | 'tomorrow'
  | 'turnOff'
  | 'stop'
  | 'restart'
  | 'like'
  | 'goBack'
  | 'stay'
  | 'again'
  | 'fine'
  | 'read';

const TURN = svg`<path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5" /><path d="M17.6 2.6v4.3h-4.3" />`;

export const ICONS: Readonly<Record<IconName, SVGTemplateResult>> = {
  look: svg`<circle cx="10.5" cy="10.5" r="6.5" /><path d="M15.5 15.5 21 21" />`,
  get: svg`<path d="M12 3.5v11" /><path d="m7 10 5 5 5-5" /><path d="M4 17.5v1.5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1.5" />`,
  later: svg`<path d="M20 14.2A8.5 8.5 0 1 1 9.8 4a7 7 0 0 0 10.2 10.2Z" />`,
  tonight: svg`<path d="M17.5 14.4A7 7 0 1 1 9.2 5a5.8 5.8 0 0 0 8.3 9.4Z" fill="currentColor" /><path d="M17.5 3.2v4M15.5 5.2h4M20.6 9.6v2.4M19.4 10.8h2.4" stroke-width="1.6" />`,
  tomorrow: svg`<path d="M2.5 18.5h19M6.3 18.5a5.7 5.7 0 0 1 11.4 0" /><path d="M12 4.2v4.2M4.4 9.4l2.2 2.2M19.6 9.4l-2.2 2.2M9.6 6.6 12 4.2l2.4 2.4" />`,
  turnOff: svg`<path d="M12 3.5v8" /><path d="M17 6.3a7.6 7.6 0 1 1-10 0" />`,
  stop: svg`<rect x="5.5" y="5.5" width="13" height="13" rx="2.5" fill="currentColor" />`,
  restart: TURN,
  like: svg`<path d="M12 20.2 4.6 12.9a4.9 4.9 0 0 1 6.9-6.9l.5.5.5-.5a4.9 4.9 0 0 1 6.9 6.9Z" fill="currentColor" />`,
  goBack: svg`<path d="M8.5 4.5 4 9l4.5 4.5" /><path d="M4.5 9H14a5.5 5.5 0 0 1 0 11h-4" />`,
  stay: svg`<path d="m5 12.5 4.7 4.7L19.5 7.3" />`,
  again: TURN,
  fine: svg`<path d="m5 12.5 4.7 4.7L19.5 7.3" />`,
  read: svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z" fill="currentColor" /><path d="M15.5 9a4.2 4.2 0 0 1 0 6" /><path d="M18 6.2a8.2 8.2 0 0 1 0 11.6" />`,
};

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.4"
    stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`;
}
