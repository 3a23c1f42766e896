/** What a shell completes after `ripple`, from the table that also makes the help. */
import type { Command, OptionSpec, PositionalSpec } from './command.ts';
import { COMMANDS } from './commands.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

interface Known {
  readonly name: string;
  readonly summary: string;
  readonly command: Command;
}

/** What stands for a value in the help tells what it is: a path, one of a few words, or something else. */
type Values =
  | { readonly kind: 'path' | 'folder' | 'none' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

const PATHS: ReadonlySet<string> = new Set(['FILE', 'KEY', 'OLD', 'NEW', 'OUT', 'DIFF']);
const FOLDERS: ReadonlySet<string> = new Set(['DIR', 'TREE']);
const ROOT_OPTIONS = ['--help', '--version'] as const;

/** The completion script for a shell. */
export async function completion(shell: Shell): Promise<string> {
  const known = await Promise.all(
    COMMANDS.map(async ({ name, summary, load }) => ({ name, summary, command: await load() })),
  );
  return { bash, zsh, fish }[shell](known);
}

function valuesOf(spec: OptionSpec): Values {
  return spec.type === 'boolean' ? { kind: 'none' } : named(spec.value ?? '');
}

function positionalValues({ name, choices }: PositionalSpec): Values {
  return choices ? { kind: 'words', words: choices } : named(name);
}

function named(value: string): Values {
  if (/^[a-z0-9]+(\|[a-z0-9]+)+$/.test(value)) return { kind: 'words', words: value.split('|') };
  return { kind: PATHS.has(value) ? 'path' : FOLDERS.has(value) ? 'folder' : 'none' };
}

function optionsOf(command: Command): (readonly [string, OptionSpec])[] {
  return [...Object.entries(command.options), ['help', { type: 'boolean', doc: 'this page' }] as const];
}

function bash(known: readonly Known[]): string {
  const generated = (values: Values): string => {
    switch (values.kind) {
      case 'path':
        return 'compopt -o filenames; _ripple_words -f';
      case 'folder':
        return 'compopt -o filenames; _ripple_words -d';
      case 'words':
        return `_ripple_words -W '${values.words.join(' ')}'`;
      case 'none':
        return 'COMPREPLY=()';
    }
  };
  const cases = known.map(({ name, command }) => {
    const taking = Object.entries(command.options).filter(([, spec]) => spec.type === 'string');
    const values = taking.map(([option, spec]) => `        --${option}) ${generated(valuesOf(spec))}; return ;;`);
    const before = values.length > 0 ? [`      case $prev in`, ...values, '      esac'] : [];
    const last = command.positionals.at(-1);
    const places = command.positionals.map((spec, i) => `        ${i}) ${generated(positionalValues(spec))} ;;`);
    const after = last?.rest ? [`        *) ${generated(positionalValues(last))} ;;`] : [];
    return [
      `    ${name})`,
      ...before,
      `      options='${optionsOf(command)
        .map(([option]) => `--${option}`)
        .join(' ')}'`,
      `      valued='${taking.map(([option]) => `--${option}`).join(' ')}'`,
      '      if [[ $cur == -* ]]; then _ripple_words -W "$options"; return; fi',
      ...(places.length > 0 ? ['      case $(_ripple_place) in', ...places, ...after, '      esac'] : []),
      '      ;;',
    ].join('\n');
  });
  const names = known.map(({ name }) => name).join(' ');
  return `# bash completion for ripple(1)
# How many arguments that are no options stand before the cursor.
_ripple_place() {
  local i count=0
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} == -* ]]; then
      [[ " $valued " == *" \${COMP_WORDS[i]} "* ]] && i=$((i + 1))
    else
      count=$((count + 1))
    fi
  done
  echo "$count"
}
# One a line: names may hold spaces.
_ripple_words() { mapfile -t COMPREPLY < <(compgen "$@" -- "$cur"); }
_ripple() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} options valued
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _ripple_words -W '${names} ${ROOT_OPTIONS.join(' ')}'
    return
  fi
  case \${COMP_WORDS[1]} in
    help) _ripple_words -W '${names}' ;;
${cases.join('\n')}
  esac
}
complete -F _ripple ripple
`;
}

function zsh(known: readonly Known[]): string {
  const action = (values: Values): string => {
    switch (values.kind) {
      case 'path':
        return '_files';
      case 'folder':
        return '_files -/';
      case 'words':
        return `(${values.words.join(' ')})`;
      case 'none':
        return '';
    }
  };
  const cases = known.map(({ name, command }) => {
    const options = optionsOf(command).map(([option, spec]) => {
      const value = spec.type === 'string' ? `:${zshText(spec.value ?? 'TEXT')}:${action(valuesOf(spec))}` : '';
      return `      '${spec.multiple ? '*' : ''}--${option}[${zshText(spec.doc)}]${value}'`;
    });
    const places = command.positionals.map(
      (spec, i) =>
        `      '${spec.rest ? '*' : i + 1}:${spec.optional ? ':' : ''}${zshText(spec.name)}:${action(positionalValues(spec))}'`,
    );
    return `    ${name})\n      _arguments \\\n${[...options, ...places].map((line) => `  ${line}`).join(' \\\n')}\n      ;;`;
  });
  return `#compdef ripple
_ripple() {
  local -a commands
  commands=(
${known.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`).join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _arguments ${ROOT_OPTIONS.map((option) => `'${option}'`).join(' ')}
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
${cases.join('\n')}
  esac
}
_ripple "$@"
`;
}

/** Inside single quotes, and inside brackets or between colons of _arguments. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function fish(known: readonly Known[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const files = (values: Values): string => {
    switch (values.kind) {
      case 'path':
        return ' -F';
      case 'folder':
        return " -x -a '(__fish_complete_directories)'";
      case 'words':
        return ` -x -a ${quoted(values.words.join(' '))}`;
      case 'none':
        return ' -x';
    }
  };
  const lines = known.flatMap(({ name, summary, command }) => {
    const here = quoted(`__fish_seen_subcommand_from ${name}`);
    const takesFiles = command.positionals.some((spec) => ['path', 'folder'].includes(positionalValues(spec).kind));
    const words = command.positionals.flatMap((spec) => spec.choices ?? []);
    return [
      `complete -c ripple -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...optionsOf(command).map(
        ([option, spec]) =>
          `complete -c ripple -n ${here} -l ${option}${spec.short === undefined ? '' : ` -s ${spec.short}`}${spec.type === 'string' ? files(valuesOf(spec)) : ''} -d ${quoted(spec.doc)}`,
      ),
      ...(words.length > 0 ? [`complete -c ripple -n ${here} -a ${quoted(words.join(' '))}`] : []),
      ...(takesFiles ? [`complete -c ripple -n ${here} -F`] : []),
    ];
  });
  return `# fish completion for ripple(1)
complete -c ripple -f
${ROOT_OPTIONS.map((option) => `complete -c ripple -n __fish_use_subcommand -l ${option.slice(2)}`).join('\n')}
${lines.join('\n')}
`;
}
