/** One command of `ripple`: what it takes, what its page says, what it does. */
import { parseArgs } from 'node:util';
import { nearest } from './nearest.ts';
import type { Terminal } from './terminal.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly required?: boolean;
  /** What stands for the value in the help, e.g. `FILE`. */
  readonly value?: string;
  readonly doc: string;
}

export interface PositionalSpec {
  readonly name: string;
  readonly doc: string;
  /** The words it may be, where it is one of a few. */
  readonly choices?: readonly string[];
  readonly optional?: boolean;
  /** The last one may take all that is left. */
  readonly rest?: boolean;
}

export interface Command {
  /** Paragraphs of the man-style help. */
  readonly description: string;
  readonly positionals: readonly PositionalSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<void>;
}

/** Wrong use of the command line: exit status 2 and one line that ends with where the help is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command line of one call, checked against its command. */
export class Invocation {
  readonly positionals: readonly string[];
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(
    positionals: readonly string[],
    values: Readonly<Record<string, unknown>>,
    terminal: Terminal,
    signal: AbortSignal,
  ) {
    this.positionals = positionals;
    this.#values = values;
    this.terminal = terminal;
    this.signal = signal;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }
  string(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }
  required(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw new UsageError(`--${name} is missing`);
    return value;
  }
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }
  /** @throws UsageError unless it is a whole number in the range. */
  integer(name: string, minimum: number, maximum: number): number | undefined {
    const text = this.string(name);
    return text === undefined ? undefined : parseInteger(`--${name}`, text, minimum, maximum);
  }
  positional(index: number): string {
    const value = this.positionals[index];
    if (value === undefined) throw new UsageError('an argument is missing');
    return value;
  }
  /** A version given as a positional. */
  version(index: number): number {
    return parseInteger('version', this.positional(index), 1, 999_999_999);
  }
}

export function parseInteger(what: string, text: string, minimum: number, maximum: number): number {
  const value = /^-?[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= minimum && value <= maximum)) {
    throw new UsageError(`${what} must be a whole number from ${minimum} to ${maximum}, not "${text}"`);
  }
  return value;
}

/** @throws UsageError for options the command does not have, missing ones, and too many or too few arguments. */
export function parseInvocation(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Invocation {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {};
  for (const [name, spec] of Object.entries(command.options)) {
    options[name] = {
      type: spec.type,
      ...(spec.short === undefined ? {} : { short: spec.short }),
      ...(spec.multiple === undefined ? {} : { multiple: spec.multiple }),
    };
  }
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(explained(error, Object.keys(options)));
  }
  const { values, positionals } = parsed;
  for (const [name, spec] of Object.entries(command.options)) {
    if (spec.required && values[name] === undefined) throw new UsageError(`--${name} ${spec.value ?? ''} is missing`);
  }
  const needed = command.positionals.filter((spec) => !spec.optional);
  const missing = needed[positionals.length];
  if (missing) throw new UsageError(`${missing.name} is missing`);
  const unlimited = command.positionals.at(-1)?.rest === true;
  if (!unlimited && positionals.length > command.positionals.length) {
    throw new UsageError(`"${positionals[command.positionals.length]}" is one argument too many`);
  }
  return new Invocation(positionals, values, terminal, signal);
}

/** What Node says of a wrong option, in one sentence, with the option that was probably meant. */
function explained(error: unknown, options: readonly string[]): string {
  if (!(error instanceof Error)) return String(error);
  const wanting = /^Option '(?:-., )?(--[^ ']+)[^']*' argument (?:missing|is ambiguous)/.exec(error.message);
  if (wanting) return `${wanting[1]} needs a value`;
  const unknown = /^Unknown option '(-+)([^']*)'/.exec(error.message);
  if (!unknown) return (error.message.split(/\. |\n/)[0] ?? error.message).replace(/\.$/, '');
  const [, dashes = '', name = ''] = unknown;
  const meant = dashes === '--' ? nearest(name, options) : undefined;
  return `there is no option ${dashes}${name}${meant === undefined ? '' : `, did you mean --${meant}?`}`;
}
