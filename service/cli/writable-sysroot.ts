/** For commands that write to the disk of a laptop that runs: there /sysroot is read-only for everybody. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { RippleError, reasonOf } from '../api/errors.ts';

/** Set for the second run, which must not begin a third. */
const AGAIN = 'RIPPLE_SYSROOT_WRITABLE';
const REMOUNT = 'mount -o remount,bind,rw "$1"; shift; exec "$@"';

/**
 * Returns where `sysroot` can be written to. Elsewhere it runs this command line again, in a mount namespace of its own in
 * which it can, and ends this process with that one's status. @throws RippleError `IoError`
 */
export function needWritable(sysroot: string): void {
  try {
    accessSync(sysroot, constants.W_OK);
    return;
  } catch (error) {
    if (!isReadOnly(error) || process.env[AGAIN])
      throw new RippleError('IoError', `cannot write to ${sysroot}: ${reasonOf(error)}`);
  }
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const ran = spawnSync('unshare', ['--mount', 'sh', '-euc', REMOUNT, 'sh', sysroot, ...self], {
    stdio: 'inherit',
    env: { ...process.env, [AGAIN]: '1' },
  });
  if (ran.error) throw new RippleError('IoError', `cannot make ${sysroot} writable: ${reasonOf(ran.error)}`);
  process.exit(ran.status ?? 1);
}

function isReadOnly(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EROFS';
}
