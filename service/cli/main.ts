/** `ripple`: finds the command, runs it, and is the one place that turns what it throws into a line and a status. */
import { asRippleError } from '../api/errors.ts';
import { DAEMON_VERSION } from '../daemon/version.ts';
import { parseInvocation, UsageError } from './command.ts';
import { COMMANDS, type CommandName } from './commands.ts';
import { nearest } from './nearest.ts';
import { commandPage, overviewPage, pageText } from './page.ts';
import { Terminal } from './terminal.ts';

/** Ctrl-C, a service manager, a terminal that was closed. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function helpOf({ name, summary, load }: CommandName): Promise<string> {
  return pageText(commandPage(name, summary, await load()));
}

async function runCommand({ name, load }: CommandName, args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  for (const name of ENDING) process.once(name, onInterrupt);
  const terminal = new Terminal(process.stdout, process.stderr, args.includes('--json'));
  try {
    const command = await load();
    await command.run(parseInvocation(command, args, terminal, stop.signal));
    terminal.clearBar();
    return 0;
  } catch (thrown) {
    terminal.clearBar();
    if (thrown instanceof UsageError) {
      process.stderr.write(`ripple ${name}: ${thrown.message}; see: ripple ${name} --help\n`);
      return 2;
    }
    const error = asRippleError(thrown);
    process.stderr.write(`ripple ${name}: ${error.message.replaceAll('\n', ' ')}\n`);
    if (error.code === 'Internal' && process.env.RIPPLE_DEBUG) console.error(thrown);
    return 1;
  } finally {
    for (const name of ENDING) process.off(name, onInterrupt);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = COMMANDS.find((command) => command.name === rest[0]);
    process.stdout.write(asked ? await helpOf(asked) : pageText(overviewPage(COMMANDS)));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`ripple ${DAEMON_VERSION}\n`);
    return 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const hint = nearest(
      name,
      COMMANDS.map((candidate) => candidate.name),
    );
    process.stderr.write(
      `ripple: there is no command "${name}"${hint ? `, did you mean "${hint}"?` : ''}; see: ripple --help\n`,
    );
    return 2;
  }
  const end = rest.indexOf('--');
  const flags = end < 0 ? rest : rest.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(await helpOf(command));
    return 0;
  }
  return runCommand(command, rest);
}

process.exitCode = await main(process.argv.slice(2));
