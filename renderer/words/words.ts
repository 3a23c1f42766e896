/** Every word of the window, for one language. A new language is one file like `en.ts` and its line in `languages.ts`. */
import type { Friend } from '../state/friends.ts';
import type { Step } from '../state/progress.ts';
import type { Trouble } from '../state/trouble.ts';

/** Whom a sentence names: at most two by name, and how many others there are. */
export interface Named {
  readonly names: readonly string[];
  readonly others: number;
}

/** What a screen says: a heading, and at most one more sentence. Eight words at most each. */
export interface Sentence {
  readonly title: string;
  readonly line?: string;
}

export interface Words {
  /** BCP 47. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly lineHeight: 1.5 | 1.8;
  readonly appName: string;
  readonly starting: Sentence;
  readonly asleep: Sentence;
  readonly idle: Sentence;
  readonly looking: Sentence;
  readonly available: Sentence;
  readonly later: Sentence;
  readonly older: Sentence;
  readonly fetching: Sentence;
  readonly fetchingFrom: (givers: Named) => Sentence;
  readonly friendAway: Sentence;
  readonly brokenPiece: Sentence;
  readonly checking: Sentence;
  readonly ready: Sentence;
  readonly readyLater: Sentence;
  readonly readyToGoBack: Sentence;
  readonly restarting: Sentence;
  readonly arrivedNew: Sentence;
  readonly arrivedBack: Sentence;
  readonly goBack: Sentence;
  readonly troubles: Readonly<Record<Trouble, Sentence>>;
  readonly buttons: {
    readonly look: string;
    readonly get: string;
    readonly later: string;
    readonly stop: string;
    readonly restart: string;
    readonly like: string;
    readonly goBack: string;
    readonly confirmGoBack: string;
    readonly stay: string;
    readonly again: string;
    readonly fine: string;
    readonly read: string;
  };
  /** Under the ring, when there are more friends than it shows. */
  readonly more: (count: number) => string;
  readonly haveIt: (friends: Named) => string;
  readonly steps: Readonly<Record<Step, string>>;
  readonly ring: string;
  readonly progress: string;
  /** One figure of the ring. */
  readonly friend: (friend: Pick<Friend, 'kind' | 'name' | 'state'>) => string;
  readonly nameless: Readonly<Record<Friend['kind'], string>>;
}

/** A name inside a sentence keeps its own direction and turns nothing round it (Unicode isolates). */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}

/** Picks at most two names for a sentence. Those without a nickname are called what they are. */
export function named(friends: readonly Pick<Friend, 'kind' | 'name'>[], words: Words): Named {
  const called = friends.map((friend) => (friend.name === '' ? words.nameless[friend.kind] : isolate(friend.name)));
  // "A friend and a friend" says less than their number.
  const names = [...new Set(called)].slice(0, 2);
  return { names, others: friends.length - names.length };
}
