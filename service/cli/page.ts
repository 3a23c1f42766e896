/** Pages of the manual as data: `--help` prints them as text, the packages carry them as roff. One source for both. */
import type { Command, OptionSpec, PositionalSpec } from './command.ts';
import type { CommandName } from './commands.ts';

export interface Page {
  /** As it is typed: `ripple get`. */
  readonly name: string;
  readonly summary: string;
  readonly sections: readonly Section[];
}

export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** One call, which may be wrapped between its words. */
  | { readonly kind: 'usage'; readonly words: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly [term: string, doc: string])[] }
  /** Lines as they are. */
  | { readonly kind: 'code'; readonly lines: readonly string[] };

/** Columns of the text form. */
const WIDTH = 76;
const INDENT = '    ';

const EXIT_STATUS: Section = {
  heading: 'EXIT STATUS',
  blocks: [{ kind: 'text', text: '0 it worked; 1 it failed, and standard error says why; 2 wrong use' }],
};

/** The page of one command. */
export function commandPage(name: string, summary: string, command: Command): Page {
  const { positionals, options, description, examples } = command;
  const words = [`ripple ${name}`, ...positionals.map(positionalUsage), ...Object.entries(options).map(optionUsage)];
  return programPage({ name: `ripple ${name}`, summary, words, description, positionals, options, examples });
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  /** The call, word by word; made from the options when not given. */
  readonly words?: readonly string[];
  /** Paragraphs. */
  readonly description: string;
  readonly positionals?: readonly PositionalSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples?: readonly string[];
}

/** The page of a program with options. */
export function programPage(program: Program): Page {
  const { name, summary, description, positionals = [], options, examples = [] } = program;
  const items = [
    ...positionals.map((p) => [p.name, p.doc] as const),
    ...Object.entries(options).map(([option, spec]) => [optionTerm(option, spec), spec.doc] as const),
  ];
  const words = program.words ?? [name, ...Object.entries(options).map(optionUsage)];
  const sections: Section[] = [
    { heading: 'SYNOPSIS', blocks: [{ kind: 'usage', words }] },
    {
      heading: 'DESCRIPTION',
      blocks: description.split('\n\n').map((text) => ({ kind: 'text', text: text.replaceAll('\n', ' ') })),
    },
  ];
  if (items.length > 0) sections.push({ heading: 'OPTIONS', blocks: [{ kind: 'list', items }] });
  if (examples.length > 0) sections.push({ heading: 'EXAMPLES', blocks: [{ kind: 'code', lines: examples }] });
  return { name, summary, sections: [...sections, EXIT_STATUS] };
}

/** The page of `ripple` itself: every command in a line. */
export function overviewPage(commands: readonly CommandName[]): Page {
  return {
    name: 'ripple',
    summary: 'operating-system versions that travel from laptop to laptop',
    sections: [
      {
        heading: 'SYNOPSIS',
        blocks: [
          { kind: 'usage', words: ['ripple', 'COMMAND', '[ARGUMENTS]'] },
          { kind: 'usage', words: ['ripple', 'COMMAND', '--help'] },
          { kind: 'usage', words: ['ripple', '--version'] },
        ],
      },
      {
        heading: 'COMMANDS',
        blocks: [{ kind: 'list', items: commands.map(({ name, summary }) => [name, summary] as const) }],
      },
      EXIT_STATUS,
    ],
  };
}

function positionalUsage({ name, rest, optional }: PositionalSpec): string {
  const text = rest ? `${name}…` : name;
  return optional ? `[${text}]` : text;
}

function optionUsage([name, spec]: readonly [string, OptionSpec]): string {
  const text = `--${name}${valueText(spec)}`;
  return spec.required ? text : `[${text}]${spec.multiple ? '…' : ''}`;
}

function optionTerm(name: string, spec: OptionSpec): string {
  return `${spec.short === undefined ? '' : `-${spec.short}, `}--${name}${valueText(spec)}`;
}

function valueText(spec: OptionSpec): string {
  return spec.type === 'string' ? ` ${spec.value ?? 'TEXT'}` : '';
}

/** As `--help` prints it. */
export function pageText(page: Page): string {
  const sections = page.sections.map(
    ({ heading, blocks }) =>
      `${heading}\n${blocks.map(blockText).reduce((all, block, i) => `${all}${gap(blocks[i])}${block}`)}`,
  );
  return `${[`NAME\n${INDENT}${page.name} - ${page.summary}`, ...sections].join('\n\n')}\n`;
}

/** Between a block and the one before it. */
function gap(block: Block | undefined): string {
  return block?.kind === 'usage' ? '\n' : '\n\n';
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return wrap(block.text.split(' '), INDENT, INDENT);
    case 'usage':
      return wrap(
        block.words.flatMap((word) => word.split(' ')),
        INDENT,
        INDENT.repeat(2),
      );
    case 'code':
      return block.lines.map((line) => `${INDENT}${line}`).join('\n');
    case 'list': {
      const width = Math.max(...block.items.map(([term]) => term.length));
      const rest = ' '.repeat(width + INDENT.length + 2);
      return block.items
        .map(([term, doc]) => wrap(doc.split(' '), `${INDENT}${term.padEnd(width)}  `, rest))
        .join('\n');
    }
  }
}

function wrap(words: readonly string[], first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of words) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}
