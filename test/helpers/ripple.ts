/** The command line as a user has it: `ripple …` in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from './private-bus.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Put before the command, e.g. `['ip', 'netns', 'exec', 'a']`. */
  readonly prefix?: readonly string[];
}

export function ripple(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program = '', ...rest] = [
      ...(options.prefix ?? []),
      process.execPath,
      join(PROJECT_ROOT, 'bin/ripple'),
      ...args,
    ];
    const child = spawn(program, rest, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}

/** Fails the test with what it printed unless it exits with 0. */
export async function rippleOk(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await ripple(args, options);
  if (ran.status !== 0) throw new Error(`ripple ${args.join(' ')}: status ${ran.status}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}
