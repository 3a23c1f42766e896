/** The packages as `npm run package` makes them, in the quick way. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from './private-bus.ts';

export interface Packages {
  /** File by package: `ripple`, `ripple-activity`, `ripple-school`; and the Sugar bundle by `xo`. */
  readonly [name: string]: string;
}

/** Why they cannot be made here; false when they can. */
export const packagingMissing: string | false = readdirSync('/usr/bin').includes('dpkg-deb')
  ? false
  : 'dpkg is not installed';

export function makePackages(out: string, environment: Readonly<Record<string, string>> = {}): Packages {
  execFileSync(process.execPath, [join(PROJECT_ROOT, 'scripts/package.mjs'), '--built', '--fast', '--out', out], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return Object.fromEntries(
    readdirSync(out).map((name) => [name.endsWith('.xo') ? 'xo' : name.replace(/_.*/, ''), join(out, name)]),
  );
}
