/** Runs a shell script to its end and says what it cost, with everything it started. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../../../service/api/errors.ts';
import type { Cost } from '../measure.ts';

const LONGEST_MS = 4 * 3600 * 1000;

/**
 * Times are bash's, in milliseconds of the processes that ended; memory is time(1)'s, of the largest. A process between this one
 * and the script is needed for that: Linux counts what a program was before exec(2) as its own memory.
 * `folder`: where it runs, and gets two small files of notes. @throws RippleError when it fails
 */
export function costOf(script: string, folder: string, environment: Readonly<Record<string, string>> = {}): Cost {
  const [times, memory] = [join(folder, 'times'), join(folder, 'memory')];
  const timed = `set -e -o pipefail; TIMEFORMAT='%3R %3U %3S'; exec 3>&2; { time { ${script}\n} 2>&3; } 2>'${times}'`;
  const ran = spawnSync('/usr/bin/time', ['-q', '-o', memory, '-f', '%M', 'bash', '-c', timed], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
    timeout: LONGEST_MS,
  });
  if (ran.status !== 0)
    throw new RippleError('Internal', `"${script}" ended with status ${ran.status}: ${ran.stderr.slice(-1000)}`);
  const [wall = 0, user = 0, system = 0] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
  const peakKiB = Number(readFileSync(memory, 'utf8'));
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, peakBytes: peakKiB * 1024 };
}
