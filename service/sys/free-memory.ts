/** Whether there is memory for a piece of work that needs much: whoever the kernel ends for want of it would begin again for ever. */
import { readFileSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';

/** What programs can have before the machine has to swap, in bytes: MemAvailable of proc_meminfo(5); unknown: no bound. */
export function availableBytes(meminfo = readFileSync('/proc/meminfo', 'latin1')): number {
  const kibibytes = /^MemAvailable: +([0-9]+) kB$/m.exec(meminfo)?.[1];
  return kibibytes === undefined ? Number.POSITIVE_INFINITY : Number(kibibytes) * 1024;
}

/** Less is there, or nothing runs at all. */
const ALWAYS_FREE_BYTES = 32 << 20;

/** @throws RippleError `NoSpace` naming `what` and both numbers */
export function requireMemory(neededBytes: number, what: string): void {
  if (neededBytes <= ALWAYS_FREE_BYTES) return;
  const available = availableBytes();
  if (neededBytes <= available) return;
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new RippleError(
    'NoSpace',
    `${what} takes ${mb(neededBytes)} of memory, and ${mb(available)} are free: close other programs`,
  );
}
