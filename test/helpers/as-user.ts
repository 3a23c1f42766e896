/** Commands of the system's own D-Bus tools, as any user. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../../service/api/description.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

export interface User {
  /** Name or number. */
  readonly user: string;
  readonly group: string;
  /** Further groups; none when left out. */
  readonly groups?: readonly string[];
}

export const IS_ROOT = process.getuid?.() === 0;

/** What the command printed. Rejects when it fails, with its own words. */
export async function output(command: string, args: readonly string[]): Promise<string> {
  return (await run(command, args, { timeout: TIMEOUT_MS })).stdout;
}

/** The same, as another user. Only root can. */
export function outputAs(user: User, command: string, args: readonly string[]): Promise<string> {
  const groups = user.groups ? `--groups=${user.groups.join(',')}` : '--clear-groups';
  return output('setpriv', [`--reuid=${user.user}`, `--regid=${user.group}`, groups, command, ...args]);
}

/** `gdbus call` of a method of the updater; its answer, or the error's name and text as gdbus prints them. */
export async function callAs(
  user: User | undefined,
  address: string,
  method: string,
  ...args: readonly string[]
): Promise<string> {
  const where = ['--address', address, '--dest', BUS_NAME, '--object-path', OBJECT_PATH];
  const call = ['call', ...where, '--method', `${UPDATER_INTERFACE}.${method}`, ...args];
  try {
    return (await (user ? outputAs(user, 'gdbus', call) : output('gdbus', call))).trim();
  } catch (error) {
    if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '')
      return error.stderr.trim();
    throw error;
  }
}
