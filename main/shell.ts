/** What the activity is for the desktop, whatever its window is: one instance, notifications, and who asks for the window. */

import { wordsFor } from '../renderer/words/languages.ts';
import type { ActivitySnapshot } from '../service/api/activity.ts';
import type { Activity } from './activity.ts';
import { Notifier } from './notifier.ts';
import { claimSession, sessionBusAddress } from './session-bus.ts';

export interface ShellWindow {
  /** Opens the window, or brings it to the front. */
  show(): void;
  looking(): boolean;
}

export interface Shell {
  /** The window is on the screen: what was told is taken back. */
  seen(): void;
  close(): void;
}

/** From the environment as gettext reads it (its manual, "Locale Environment Variables"), as BCP 47, best first. */
export function personLanguages(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return [...(env.LANGUAGE ?? '').split(':'), locale]
    .map((one) => one.replace(/[.@].*$/, '').replace('_', '-'))
    .filter((one) => /^[A-Za-z]{2,3}(-[A-Za-z]{2})?$/.test(one));
}

/**
 * `undefined`: another instance is there already and was asked to show its window (unless `quiet`): this one has nothing to do.
 * Without a session bus there is a shell that does nothing.
 */
export async function openShell(
  activity: Pick<Activity, 'subscribe'>,
  window: ShellWindow,
  quiet: boolean,
): Promise<Shell | undefined> {
  const claim = await claimSession(sessionBusAddress(), () => window.show(), !quiet);
  if (claim.kind === 'raised') return undefined;
  if (claim.kind === 'alone') return { seen() {}, close() {} };
  const { connection } = claim;
  const words = await wordsFor(personLanguages());
  const notifier = new Notifier({
    connection,
    words: (kind) => ({ title: words[kind].title, body: words[kind].line ?? '', show: words.buttons.show }),
    show: () => window.show(),
    looking: () => window.looking(),
  });
  const stop = activity.subscribe((snapshot: ActivitySnapshot) => notifier.hear(snapshot));
  return {
    seen: () => notifier.seen(),
    close() {
      stop();
      connection.close();
    },
  };
}
