/** Programs that make images; the machines of a test go on meanwhile. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Resolves when it ended well. Rejects with what it said. `env`: this process's own when not given. */
export async function command(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  await execute(program, args, { ...options, maxBuffer: 2 ** 26 });
}
