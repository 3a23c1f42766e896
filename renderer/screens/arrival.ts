/** Screens after a start, and the one question before going back. */
import { svg } from 'lit';
import { BACK_ARROW, LAPTOP, star } from '../components/shapes.ts';
import { wearing } from '../components/xo.ts';
import { ringOf } from '../state/friends.ts';
import type { Screen } from '../state/screen.ts';
import { noteLines } from '../words/notes.ts';
import { named } from '../words/words.ts';
import { type Context, call, type View } from './view.ts';

export function arrivedNew(
  { notes, helpers }: Extract<Screen, { kind: 'arrivedNew' }>,
  { words, colours, runs }: Context,
): View {
  const view: View = {
    sentence: words.arrivedNew,
    picture: svg`${wearing(colours, runs)}${star(13, 10, 12)}${star(90, 14, 20)}${star(50, 89, 12)}`,
    main: { label: words.buttons.like, icon: 'like', action: call({ name: 'acknowledge' }) },
    second: { label: words.buttons.goBack, icon: 'goBack', action: { type: 'ask', question: 'goBack' } },
  };
  // One idea a screen: who helped, else once more what is new.
  if (helpers.length === 0) return { ...view, notes: noteLines(notes, words.language) };
  return { ...view, ring: ringOf(helpers), aside: words.helped(named(helpers, words)) };
}

export function arrivedBack({ words, colours, runs }: Context): View {
  return {
    sentence: words.arrivedBack,
    picture: svg`${LAPTOP}<g transform="translate(34.5 28) scale(0.31)">${wearing(colours, runs)}</g>
      <g transform="translate(22 -18) scale(0.55)">${BACK_ARROW}</g>`,
    main: { label: words.buttons.fine, icon: 'fine', action: call({ name: 'acknowledge' }) },
  };
}

/** Before and after: read in the direction of time, from the new one back to the old. */
export function goBack(screen: Extract<Screen, { kind: 'goBack' }>, { words, colours, runs }: Context): View {
  const stay = { type: 'close' } as const;
  return {
    sentence: words.goBack,
    picture: svg`
      <g transform="translate(-11 25) scale(0.5)">${wearing(colours, screen.to)}</g>
      <g transform="translate(25 29) scale(0.5)">${BACK_ARROW}</g>
      <g transform="translate(61 25) scale(0.5)">${wearing(colours, runs)}</g>`,
    main: { label: words.buttons.confirmGoBack, icon: 'goBack', action: call({ name: 'goBack' }) },
    second: { label: words.buttons.stay, icon: 'stay', action: stay },
    escape: stay,
  };
}
