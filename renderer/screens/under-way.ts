/** Screens of a new version on its way: there is one, getting it, checking it, ready, restarting. */
import { svg } from 'lit';
import { BACK_ARROW, magnifier, star, TURNING_ARROW } from '../components/shapes.ts';
import { newMark, versionMark } from '../components/version-mark.ts';
import { wearing, xo } from '../components/xo.ts';
import type { Screen } from '../state/screen.ts';
import { noteLines } from '../words/notes.ts';
import { named } from '../words/words.ts';
import { type Context, call, type View } from './view.ts';

type ScreenOf<K extends Screen['kind']> = Extract<Screen, { kind: K }>;

export function available(screen: ScreenOf<'available'>, { words, colours, runs }: Context): View {
  const { version, ring, have } = screen;
  const later = { type: 'ask', question: 'later' } as const;
  const view: View = {
    sentence: words.available,
    notes: noteLines(screen.notes, words.language),
    picture: svg`${wearing(colours, runs)}${newMark(version, 92, 10, 24)}`,
    ring,
    main: { label: words.buttons.get, icon: 'get', action: call({ name: 'fetch', version }) },
    second: { label: words.buttons.later, icon: 'later', action: later },
    escape: later,
  };
  if (have.length === 0) return view;
  return { ...view, aside: words.haveIt(named(have, words)) };
}

export function fetching(screen: ScreenOf<'fetching'>, { words, colours }: Context): View {
  const stop = call({ name: 'cancel' });
  const plain = screen.givers.length > 0 ? words.fetchingFrom(named(screen.givers, words)) : words.fetching;
  return {
    sentence: { none: plain, friendAway: words.friendAway, brokenPiece: words.brokenPiece }[screen.hitch],
    picture: svg`${xo({ colours, level: screen.level })}${versionMark(screen.version, 92, 10, 20)}`,
    level: screen.level,
    ring: screen.ring,
    giving: true,
    second: { label: words.buttons.stop, icon: 'stop', action: stop },
    escape: stop,
  };
}

export function checking(screen: ScreenOf<'checking'>, { words, colours }: Context): View {
  return {
    sentence: words.checking,
    picture: svg`${xo({ colours, level: 1 })}${versionMark(screen.version, 50, 52, 24)}<g class="searching">${magnifier(52, 48, 21)}</g>`,
    level: screen.level,
  };
}

export function ready(screen: ScreenOf<'ready'>, { words, colours, runs }: Context): View {
  const { version } = screen;
  const main = { label: words.buttons.restart, icon: 'restart', action: call({ name: 'restart', version }) } as const;
  if (screen.back)
    return {
      sentence: words.readyToGoBack,
      picture: svg`${wearing(colours, runs)}<g transform="translate(56 -12) scale(0.55)">${BACK_ARROW}</g>
        ${versionMark(version, 50, -2, 18)}`,
      main,
    };
  const sentence = screen.canDefer ? words.ready : words.readyLater;
  const view: View = {
    sentence,
    picture: svg`${wearing(colours, runs)}${newMark(version, 88, 14, 28)}${star(12, 12, 14)}`,
    main,
  };
  if (!screen.canDefer) return view;
  const later = { type: 'ask', question: 'later' } as const;
  return { ...view, second: { label: words.buttons.later, icon: 'later', action: later }, escape: later };
}

export function restarting({ words, colours }: Context): View {
  return {
    sentence: words.restarting,
    picture: svg`${TURNING_ARROW}<g transform="translate(25 26) scale(0.5)">${xo({ colours, level: 1 })}</g>`,
  };
}
