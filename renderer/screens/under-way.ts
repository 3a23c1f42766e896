/** Screens of a new version on its way: there is one, getting it, checking it, ready, restarting. */
import { svg } from 'lit';
import { BACK_ARROW, BROKEN_PIECE, magnifier, star, TURNING_ARROW } from '../components/shapes.ts';
import { sun } from '../components/sun.ts';
import { newMark, versionMark } from '../components/version-mark.ts';
import { wearing, xo } from '../components/xo.ts';
import type { Screen } from '../state/screen.ts';
import { noteLines } from '../words/notes.ts';
import { named } from '../words/words.ts';
import { type Context, call, type View } from './view.ts';

/** How long it is until the deadline, in words. */
function timeLeft(seconds: number, words: Context['words']): string {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return minutes < 60 ? words.minutesLeft(minutes) : words.hoursLeft(Math.floor(minutes / 60));
}

/** What a teacher's deadline adds to a screen: the sun, what to do before it is down, and how long that is. */
export function withDue(view: View, due: number | undefined, { words }: Context): View {
  if (due === undefined) return view;
  return { ...view, sentence: words.ordered, notes: [], corner: sun(due), aside: timeLeft(due, words) };
}

type ScreenOf<K extends Screen['kind']> = Extract<Screen, { kind: K }>;

export function available(screen: ScreenOf<'available'>, context: Context): View {
  const { words, colours, runs } = context;
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
  const told = have.length === 0 ? view : { ...view, aside: words.haveIt(named(have, words)) };
  return withDue(told, screen.due, context);
}

/** What mends itself can be seen, too. */
const HITCHES = {
  none: svg``,
  friendAway: svg`${magnifier(8, 12, 10)}`,
  brokenPiece: svg`<g transform="translate(-9 -8) scale(0.36)">${BROKEN_PIECE}</g>`,
} as const;

export function fetching(screen: ScreenOf<'fetching'>, { words, colours }: Context): View {
  const stop = call({ name: 'cancel' });
  const plain = screen.givers.length > 0 ? words.fetchingFrom(named(screen.givers, words)) : words.fetching;
  return {
    sentence: { none: plain, friendAway: words.friendAway, brokenPiece: words.brokenPiece }[screen.hitch],
    picture: svg`${xo({ colours, level: screen.level })}${versionMark(screen.version, 92, 10, 20)}${HITCHES[screen.hitch]}`,
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

export function ready(screen: ScreenOf<'ready'>, context: Context): View {
  const { words, colours, runs } = context;
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
  if (!screen.canDefer) return withDue(view, screen.due, context);
  const later = { type: 'ask', question: 'later' } as const;
  const second = { label: words.buttons.later, icon: 'later', action: later } as const;
  return withDue({ ...view, second, escape: later }, screen.due, context);
}

export function restarting({ words, colours }: Context): View {
  return {
    sentence: words.restarting,
    picture: svg`${TURNING_ARROW}<g transform="translate(25 26) scale(0.5)">${xo({ colours, level: 1 })}</g>`,
  };
}
