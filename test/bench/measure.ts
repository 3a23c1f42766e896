/** What one command costs, by the kernel's own counts. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../../service/api/errors.ts';

export interface Cost {
  readonly wallMs: number;
  /** User and system time of the whole process tree (getrusage(2) of children, by time(1): in steps of 10 ms). */
  readonly cpuMs: number;
  /** Resident memory of the largest process of the tree. */
  readonly peakBytes: number;
}

/** Runs a shell command to its end. `folder` is for a small file of notes. @throws RippleError when it fails */
export function measure(command: string, folder: string): Cost {
  const notes = join(folder, 'time');
  const startedMs = performance.now();
  const ran = spawnSync('/usr/bin/time', ['-q', '-o', notes, '-f', '%U %S %M', 'sh', '-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const wallMs = performance.now() - startedMs;
  if (ran.status !== 0)
    throw new RippleError('Internal', `"${command}" ended with status ${ran.status}: ${ran.stderr.slice(-2000)}`);
  const [user = 0, system = 0, peakKiB = 0] = readFileSync(notes, 'utf8').trim().split(' ').map(Number);
  return { wallMs, cpuMs: (user + system) * 1000, peakBytes: peakKiB * 1024 };
}

/** Runs a program that is not measured. @throws RippleError when it fails */
export function run(program: string, ...args: readonly string[]): string {
  const ran = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0)
    throw new RippleError('Internal', `${program} ${args.join(' ')} ended with status ${ran.status}: ${ran.stderr}`);
  return ran.stdout;
}
