/** Screens on which nothing is being done: nothing new, looking, put off, not connected. */
import { svg } from 'lit';
import { BACK_ARROW, MOON, sleepMarks } from '../components/shapes.ts';
import { newMark, versionMark } from '../components/version-mark.ts';
import { wearing, xo } from '../components/xo.ts';
import { NO_COLOURS } from '../state/colours.ts';
import type { Screen } from '../state/screen.ts';
import { withDue } from './under-way.ts';
import { type Context, call, type View } from './view.ts';

type ScreenOf<K extends Screen['kind']> = Extract<Screen, { kind: K }>;

export function starting({ words, colours }: Context): View {
  return { sentence: words.starting, picture: xo({ colours, level: 0 }) };
}

export function asleep({ words }: Context): View {
  return {
    sentence: words.asleep,
    picture: svg`<g transform="translate(4 18) scale(0.8)">${xo({ colours: NO_COLOURS, level: 0, gone: true })}</g>${sleepMarks(68, 30)}`,
  };
}

export function idle(screen: ScreenOf<'idle'>, { words, colours, runs }: Context): View {
  const view: View = {
    sentence: words.idle,
    picture: wearing(colours, runs),
    main: { label: words.buttons.look, icon: 'look', action: call({ name: 'check' }) },
  };
  if (!screen.canGoBack) return view;
  return {
    ...view,
    second: { label: words.buttons.goBack, icon: 'goBack', action: { type: 'ask', question: 'goBack' } },
  };
}

export function looking({ words, colours }: Context): View {
  const wave = (nth: number) => svg`<circle class=${`wave wave-${nth}`} cx="50" cy="50" r="48" />`;
  return {
    sentence: words.looking,
    picture: svg`<g class="waves" fill="none" stroke="var(--ink-soft)">${wave(1)}${wave(2)}${wave(3)}</g>
      <g transform="translate(29 29) scale(0.42)">${xo({ colours, level: 1 })}</g>`,
  };
}

export function laterWhen(screen: ScreenOf<'laterWhen'>, { words, colours }: Context): View {
  const { version } = screen;
  return {
    sentence: words.laterWhen,
    picture: svg`<g transform="translate(4 18) scale(0.72)">${xo({ colours, level: 1 })}</g>${versionMark(version, 84, 22, 24)}`,
    choices: screen.choices.map((until) => ({
      label: words.buttons[until],
      icon: until,
      action: call({ name: 'defer', version, until }),
    })),
    escape: { type: 'close' },
  };
}

export function later(screen: ScreenOf<'later'>, context: Context): View {
  const { words, colours, runs } = context;
  const view: View = {
    sentence: words.later,
    picture: svg`${wearing(colours, runs)}${newMark(screen.version, 88, 14, 15)}${MOON}`,
    main: { label: words.buttons.get, icon: 'get', action: call({ name: 'fetch', version: screen.version }) },
  };
  return withDue(view, screen.due, context);
}

export function older({ words, colours, runs }: Context): View {
  return {
    sentence: words.older,
    picture: svg`<g transform="translate(10 20) scale(0.8)">${wearing(colours, runs)}</g><g transform="translate(20 -22) scale(0.6)">${BACK_ARROW}</g>`,
    main: { label: words.buttons.look, icon: 'look', action: call({ name: 'check' }) },
  };
}
