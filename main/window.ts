/** Finds something to show the page in: Electron where its binary is, else a Chromium as an application window. */
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Profile } from './profile.ts';

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'] as const;

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The Electron binary of this checkout. Its npm package comes without one and fetches it later, if it can. */
export function findElectron(): string | undefined {
  const path = join(PROJECT, 'node_modules', 'electron', 'dist', 'electron');
  return runnable(path) ? path : undefined;
}

export function findBrowser(path: string = process.env.PATH ?? ''): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  for (const name of BROWSERS)
    for (const folder of folders) if (runnable(join(folder, name))) return join(folder, name);
  return undefined;
}

/**
 * Arguments for a window without tabs that shares nothing with the person's own browser and speaks to nobody but the
 * bridge. Size and place are the browser's to remember; only the first window is given a size.
 */
export function browserArguments(
  url: string,
  profile: Pick<Profile, 'folder' | 'known'>,
  isRoot: boolean,
): readonly string[] {
  return [
    `--app=${url}`,
    `--user-data-dir=${profile.folder}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-extensions',
    // What the bridge serves is never kept.
    '--disk-cache-size=1',
    '--class=ripple',
    ...(profile.known ? [] : ['--window-size=1200,900']),
    ...(isRoot ? ['--no-sandbox'] : []),
  ];
}
