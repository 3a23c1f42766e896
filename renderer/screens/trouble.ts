/** When something is in the way: what it is, and the one thing to do. */
import { type SVGTemplateResult, svg } from 'lit';
import { house } from '../components/house.ts';
import { BROKEN_PIECE, EMPTY_BATTERY, FULL_BOX, HOURGLASS, LAPTOP, LOCK, THROWN_AWAY } from '../components/shapes.ts';
import { xo } from '../components/xo.ts';
import { NO_COLOURS } from '../state/colours.ts';
import type { Screen } from '../state/screen.ts';
import type { Trouble } from '../state/trouble.ts';
import { type Context, call, type View } from './view.ts';

function picture(trouble: Trouble, { colours }: Context): SVGTemplateResult {
  switch (trouble) {
    case 'noOneNearby':
      return svg`<g transform="translate(2 42) scale(0.5)">${xo({ colours, level: 1 })}</g>
        <path d="M52 88 H66" stroke="var(--ink-soft)" stroke-width="4" stroke-linecap="round" stroke-dasharray="0.1 7" />
        <g transform="translate(54 44) scale(0.46)">${house(NO_COLOURS, 'has')}</g>
        <path d="M18 24 A46 46 0 0 1 82 24" fill="none" stroke="var(--ink-soft)" stroke-width="3" stroke-linecap="round" stroke-dasharray="0.1 8" />`;
    case 'noRoom':
      return FULL_BOX;
    case 'plugIn':
      return EMPTY_BATTERY;
    case 'brokenPiece':
      return BROKEN_PIECE;
    case 'notReal':
      return THROWN_AWAY;
    case 'notAllowed':
      return LOCK;
    case 'busy':
      return HOURGLASS;
    case 'didNotWork':
      return svg`<g transform="translate(8 20) scale(0.84)">${LAPTOP}
          <g transform="translate(34.5 28) scale(0.31)">${xo({ colours, level: 1 })}</g></g>
        <g transform="translate(34 -1) scale(0.32)">${BROKEN_PIECE}</g>`;
  }
}

export function trouble(screen: Extract<Screen, { kind: 'trouble' }>, context: Context): View {
  const { words } = context;
  const again = screen.retry > 0 ? call({ name: 'fetch', version: screen.retry }) : call({ name: 'check' });
  const said = { sentence: words.troubles[screen.trouble], picture: picture(screen.trouble, context) };
  // A tap that was refused left everything as it was: there is only a message to close.
  const close = screen.refused ? ({ type: 'close' } as const) : call({ name: 'cancel' });
  // What was thrown away is not asked for a second time by the same tap.
  if (screen.refused || screen.trouble === 'notReal')
    return { ...said, main: { label: words.buttons.fine, icon: 'fine', action: close }, escape: close };
  return {
    ...said,
    main: { label: words.buttons.again, icon: 'again', action: again },
    second: { label: words.buttons.later, icon: 'later', action: close },
    escape: close,
  };
}
