/** Network namespaces of tests by name, as ip(8) has them, and what killed processes left of them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

/** Names of namespaces begin with it and the number of their process. */
export const PREFIX = 'ripple-test';
const NAMED = '/run/netns';

/** ip(8): answers what it printed. @throws Error if it fails */
export function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Ends every process inside, and removes it; does nothing where it is not there. */
export function removeNamespace(netns: string): void {
  if (!existsSync(`${NAMED}/${netns}`)) return;
  try {
    // Only what runs inside a namespace of ours, all of which a test started there.
    for (const pid of ip('netns', 'pids', netns).split('\n').map(Number)) {
      if (pid > 0 && pid !== process.pid) killIfThere(pid);
    }
    ip('netns', 'delete', netns);
  } catch {
    // Another process of this kind may have been quicker; what stays, the next one removes.
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Namespaces whose process was killed before it could remove them. */
export function removeOrphans(): void {
  if (!existsSync(NAMED)) return;
  for (const netns of readdirSync(NAMED)) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(netns)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(netns);
  }
}

function whyMissing(): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root: run this test as root';
  const trial = `${PREFIX}-${process.pid}-trial`;
  try {
    ip('netns', 'add', trial);
    ip('netns', 'delete', trial);
    return false;
  } catch {
    return 'this machine does not let root make network namespaces';
  }
}

/** Pass as `skip` of a test: false where namespaces can be made, else why not. */
export const namespacesMissing: string | false = whyMissing();
