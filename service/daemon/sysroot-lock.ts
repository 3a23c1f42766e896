import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Layout } from '../deploy/layout.ts';
import { tryLock } from '../sys/libc.ts';

/** One daemon for one sysroot. Answers the open file that holds the lock, which goes with the process, however it ends. */
export function lockSysroot(layout: Layout): number {
  // It is a mount point: making it would hide that nothing is mounted, or that its name is wrong.
  if (!existsSync(layout.sysroot))
    throw new RippleError(
      'InvalidArgument',
      `there is no sysroot ${layout.sysroot}: mount it, or name it in the configuration (sysroot)`,
    );
  try {
    mkdirSync(dirname(layout.lock), { recursive: true, mode: 0o700 });
    const fd = openSync(layout.lock, 'a', 0o600);
    if (tryLock(fd)) return fd;
    closeSync(fd);
  } catch (error) {
    throw new RippleError('IoError', `cannot write to ${layout.state}: ${reasonOf(error)}`);
  }
  throw new RippleError('Busy', `another daemon works on ${layout.sysroot}: stop it first`);
}
