/** When the running version counts as working. */
import { existsSync } from 'node:fs';
import { reasonOf } from '../api/errors.ts';
import type { Logger } from '../core/ports.ts';
import type { Switcher } from './switcher.ts';

/** Only while a version is on trial, and then it is the end of a start. */
const LOOK_EVERY_MS = 1000;

/**
 * Blesses at once, or, when `file` is named and a version is on trial, as soon as that file is there: `ripple-healthy`
 * makes it when the system reached its target and every check passed. Answers how to stop waiting.
 */
export async function blessWhenWell(
  switcher: Pick<Switcher, 'onTrial' | 'blessRunning'>,
  file: string | undefined,
  logger: Logger,
): Promise<() => void> {
  if (file === undefined || !switcher.onTrial() || existsSync(file)) {
    await switcher.blessRunning();
    return () => undefined;
  }
  // Not watchFile: it begins by looking by itself, and a file that was made just before that is no change to it.
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    switcher
      .blessRunning()
      .catch((error: unknown) => logger.warn('cannot bless the running version', { message: reasonOf(error) }));
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
