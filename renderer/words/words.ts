/** The words of the window in one language, ready for use: what `text.ts` describes, with names and numbers put in. */
import type { Friend } from '../state/friends.ts';
import type { LanguageText, Plural, Sentence } from './text.ts';

export type { Sentence } from './text.ts';

/** Whom a sentence names: at most two by name, and how many others there are. */
export interface Named {
  readonly names: readonly string[];
  readonly others: number;
}

type Templates = 'fetchingFrom' | 'more' | 'haveIt' | 'helped' | 'minutesLeft' | 'hoursLeft' | 'friend';

export interface Words extends Omit<LanguageText, Templates> {
  readonly fetchingFrom: (givers: Named) => Sentence;
  readonly more: (count: number) => string;
  readonly haveIt: (friends: Named) => string;
  readonly helped: (friends: Named) => string;
  readonly minutesLeft: (count: number) => string;
  readonly hoursLeft: (count: number) => string;
  readonly ago: (unit: 'minutes' | 'hours' | 'days', count: number) => string;
  /** One figure of the ring. */
  readonly friend: (friend: Pick<Friend, 'kind' | 'name' | 'state'>) => string;
}

/** Puts values in for `{key}`. A name that holds braces is only ever put in, never read again. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}

/** A name inside a sentence keeps its own direction and turns nothing round it (Unicode isolates). */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}

/** The first letter of a sentence; scripts without capitals stay as they are. */
function capital(text: string): string {
  const [first = ''] = text;
  return first.toLocaleUpperCase() + text.slice(first.length);
}

export function wordsFrom(text: LanguageText): Words {
  const rules = new Intl.PluralRules(text.language);
  const plural = (forms: Plural, count: number, values: Readonly<Record<string, string>> = {}): string =>
    fill(forms[rules.select(count)] ?? forms.other, { count: count.toLocaleString(text.language), ...values });
  const all = ({ names, others }: Named): string => {
    const [a = '', b] = names;
    if (others > 0) return plural(text.others, others, { names: b === undefined ? a : fill(text.comma, { a, b }) });
    return b === undefined ? a : fill(text.and, { a, b });
  };
  const everyone = (forms: Plural, who: Named): string =>
    capital(plural(forms, who.names.length + who.others, { who: all(who) }));
  return {
    ...text,
    fetchingFrom: (givers) => ({ title: capital(fill(text.fetchingFrom.title, { who: all(givers) })) }),
    more: (count) => plural(text.more, count),
    haveIt: (friends) => everyone(text.haveIt, friends),
    helped: (friends) => everyone(text.helped, friends),
    minutesLeft: (count) => plural(text.minutesLeft, count),
    hoursLeft: (count) => plural(text.hoursLeft, count),
    ago: (unit, count) => plural(text.teacher[`${unit}Ago`], count),
    friend: ({ kind, name, state }) =>
      capital(fill(text.friend[state], { who: name === '' ? text.nameless[kind] : name })),
  };
}

/** Picks at most two names for a sentence. Those without a nickname are called what they are. */
export function named(friends: readonly Pick<Friend, 'kind' | 'name'>[], words: Pick<Words, 'nameless'>): Named {
  const called = friends.map((friend) => (friend.name === '' ? words.nameless[friend.kind] : isolate(friend.name)));
  // "A friend and a friend" says less than their number.
  const names = [...new Set(called)].slice(0, 2);
  return { names, others: friends.length - names.length };
}
