/** The browser's folder for the window: kept, because in it the browser remembers where the window stood and how big it was. */
import { lstat, mkdir, mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stateFile } from './state-file.ts';

export interface Profile {
  readonly folder: string;
  /** The browser has a place to remember. */
  readonly known: boolean;
  /** Removes what is not kept. */
  leave(): Promise<void>;
}

/** Chromium marks a profile in use with a link to `HOST-PID`. */
async function inUse(folder: string): Promise<boolean> {
  try {
    const pid = Number((await readlink(join(folder, 'SingletonLock'))).split('-').at(-1));
    process.kill(pid, 0);
    return true;
  } catch {
    // No such link, or left by a browser that is gone.
    return false;
  }
}

/**
 * `$XDG_STATE_HOME/ripple-activity/window`; a temporary one where that cannot be written or another browser has it: that one
 * would take our window over, and we would never hear of its end.
 */
export async function openProfile(env: NodeJS.ProcessEnv = process.env): Promise<Profile> {
  const folder = join(dirname(stateFile(env)), 'window');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await inUse(folder))) {
      const known = await lstat(join(folder, 'Default')).then(
        () => true,
        () => false,
      );
      return { folder, known, leave: async () => {} };
    }
  } catch {
    // A full or read-only disk must not stop the screen.
  }
  const temporary = await mkdtemp(join(tmpdir(), 'ripple-window-'));
  const leave = (): Promise<void> => rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  return { folder: temporary, known: false, leave };
}
