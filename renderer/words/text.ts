/** What one language file holds: plain strings, so that whoever translates needs to know no code. */
import type { Step } from '../state/progress.ts';
import type { Trouble } from '../state/trouble.ts';
import type { TeacherText } from '../teacher/text.ts';

/** What a screen says: a heading, and at most one more sentence. Eight words at most each. */
export interface Sentence {
  readonly title: string;
  readonly line?: string;
}

/** Forms by the plural rules of the language (Unicode CLDR); `{count}` is the number. */
export type Plural = { readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string };

/** One form for each person in the ring. */
export interface Persons {
  readonly friend: string;
  readonly school: string;
  readonly teacher: string;
}

export interface LanguageText {
  /** BCP 47; the name of the file. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly lineHeight: 1.5 | 1.8;
  /** Beginnings of words, in lower case, that a child must not meet: update, install, error, failed, version, per cent… */
  readonly avoid: readonly string[];
  /** `{a}` and `{b}`. */
  readonly and: string;
  /** `{a}`, `{b}` before more follows. */
  readonly comma: string;
  /** `{names}` and `{count}` more. */
  readonly others: Plural;
  readonly appName: string;
  readonly starting: Sentence;
  readonly asleep: Sentence;
  readonly idle: Sentence;
  readonly looking: Sentence;
  readonly available: Sentence;
  readonly later: Sentence;
  readonly laterWhen: Sentence;
  readonly older: Sentence;
  readonly fetching: Sentence;
  /** `{who}` gives. */
  readonly fetchingFrom: Sentence;
  readonly friendAway: Sentence;
  readonly brokenPiece: Sentence;
  readonly checking: Sentence;
  readonly ready: Sentence;
  readonly readyLater: Sentence;
  readonly readyToGoBack: Sentence;
  /** The teacher has said until when: the sun goes down. */
  readonly ordered: Sentence;
  readonly restarting: Sentence;
  readonly arrivedNew: Sentence;
  readonly arrivedBack: Sentence;
  readonly goBack: Sentence;
  readonly troubles: Readonly<Record<Trouble, Sentence>>;
  readonly buttons: {
    readonly look: string;
    readonly get: string;
    readonly later: string;
    readonly tonight: string;
    readonly tomorrow: string;
    readonly turnOff: string;
    readonly stop: string;
    readonly restart: string;
    readonly like: string;
    readonly goBack: string;
    readonly confirmGoBack: string;
    readonly stay: string;
    readonly again: string;
    readonly fine: string;
    readonly read: string;
    /** On a notification of the desktop: opens the window. */
    readonly show: string;
  };
  /** Under the ring, when there are more friends than it shows. */
  readonly more: Plural;
  /** `{who}` has or have it. */
  readonly haveIt: Plural;
  /** `{who}` helped. */
  readonly helped: Plural;
  readonly minutesLeft: Plural;
  readonly hoursLeft: Plural;
  readonly steps: Readonly<Record<Step, string>>;
  readonly ring: string;
  readonly progress: string;
  /** One figure of the ring: `{who}`. */
  readonly friend: { readonly has: string; readonly getting: string; readonly gone: string };
  readonly nameless: Persons;
  readonly teacher: TeacherText;
}
