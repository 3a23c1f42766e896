/** Waiting for something that another process does. */
import { setTimeout as sleep } from 'node:timers/promises';

const BETWEEN_MS = 300;

/** Resolves once `look` says true; fails after so many looks, with the last error that `look` threw, if it did. */
export async function until(look: () => boolean | Promise<boolean>, looks = 100): Promise<void> {
  let trouble: unknown;
  for (let i = 0; i < looks; i++) {
    try {
      if (await look()) return;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    await sleep(BETWEEN_MS);
  }
  throw new Error(`it did not happen in ${looks} looks: ${look}`, { cause: trouble });
}
