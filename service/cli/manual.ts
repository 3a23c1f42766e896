/** Pages of the manual as man(7) source, for `man ripple-get`. */
import { CONFIG_KEYS, type KeySpec } from '../daemon/config-keys/index.ts';
import { COMMANDS } from './commands.ts';
import { type Block, commandPage, overviewPage, type Page } from './page.ts';

export interface ManualOptions {
  /** 1 commands, 5 files. */
  readonly section: 1 | 5;
  /** Of the release, `2026-03-06`. */
  readonly date: string;
  readonly version: string;
  /** Other pages, e.g. `ripple(1)`. */
  readonly seeAlso: readonly string[];
}

export interface ManualFile {
  /** `ripple-get.1` */
  readonly name: string;
  readonly text: string;
}

/** `ripple(1)`, one page for each command, and `ripple.toml(5)`. */
export async function manual({ date, version }: Pick<ManualOptions, 'date' | 'version'>): Promise<ManualFile[]> {
  const pages = await Promise.all(
    COMMANDS.map(async ({ name, summary, load }) => commandPage(name, summary, await load())),
  );
  const all = pages.map(({ name }) => `${fileTitle(name)}(1)`);
  const commands = pages.map((page) =>
    manualFile(page, { section: 1, date, version, seeAlso: ['ripple(1)', 'ripple.toml(5)'] }),
  );
  return [
    manualFile(overviewPage(COMMANDS), { section: 1, date, version, seeAlso: [...all, 'ripple.toml(5)'] }),
    ...commands,
    manualFile(configurationPage(), { section: 5, date, version, seeAlso: ['ripple-daemon(1)'] }),
  ];
}

/** The page of the configuration file, from the table that checks it. */
export function configurationPage(): Page {
  const sections = new Map<string, [string, string][]>();
  for (const spec of CONFIG_KEYS) {
    const dot = spec.key.indexOf('.');
    const table = dot < 0 ? '' : spec.key.slice(0, dot);
    const items = sections.get(table) ?? [];
    items.push([`${spec.key.slice(dot + 1)} = ${JSON.stringify(spec.fallback)}`, `${spec.doc}${limits(spec)}`]);
    sections.set(table, items);
  }
  return {
    name: 'ripple.toml',
    summary: 'configuration of the Ripple daemon',
    sections: [
      {
        heading: 'DESCRIPTION',
        blocks: [
          {
            kind: 'text',
            text: 'A TOML file, /etc/ripple/ripple.toml. Every key has a default, which is shown here; a key that is not known, or a value that is not allowed, keeps the daemon from starting, and is named.',
          },
        ],
      },
      ...[...sections].map(([table, items]) => ({
        heading: table === '' ? 'KEYS' : `KEYS OF [${table}]`,
        blocks: [{ kind: 'list', items } as const],
      })),
    ],
  };
}

function limits(spec: KeySpec): string {
  return spec.kind === 'integer' && spec.minimum !== undefined && spec.maximum !== undefined
    ? ` (${spec.minimum} to ${spec.maximum})`
    : '';
}

export function manualFile(page: Page, options: ManualOptions): ManualFile {
  const title = fileTitle(page.name);
  const lines = [
    `.TH ${roff(title.toUpperCase())} ${options.section} ${options.date} "Ripple ${roff(options.version)}"`,
    '.SH NAME',
    `${roff(title)} \\- ${roff(page.summary)}`,
    ...page.sections.flatMap(({ heading, blocks }) => [
      `.SH ${roff(heading)}`,
      ...blocks.flatMap((block, i) => blockRoff(block, i === 0)),
    ]),
    '.SH SEE ALSO',
    ...options.seeAlso.map((other, i) => {
      const [name = '', section = ''] = other.split(/[()]/);
      return `.BR ${roff(name)} (${section})${i + 1 < options.seeAlso.length ? ',' : ''}`;
    }),
  ];
  return { name: `${title}.${options.section}`, text: `${lines.join('\n')}\n` };
}

/** `ripple get` has the page ripple-get(1). */
function fileTitle(name: string): string {
  return name.replaceAll(' ', '-');
}

function blockRoff(block: Block, first: boolean): string[] {
  switch (block.kind) {
    case 'text':
      return [...(first ? [] : ['.PP']), ...sentences(block.text)];
    case 'usage': {
      const [name = '', ...words] = block.words;
      return [...(first ? [] : ['.PP']), `.B ${roff(name)}`, ...words.map(roff)];
    }
    case 'list':
      return block.items.flatMap(([term, doc]) => ['.TP', `.B ${roff(term)}`, ...sentences(doc)]);
    case 'code':
      return ['.nf', ...block.lines.map(roff), '.fi'];
  }
}

/** One sentence a line, none too long: roff joins them again, and puts the right space between sentences. */
function sentences(text: string): string[] {
  return text.split(/(?<=\.) (?=\p{Lu})/u).flatMap((sentence) => {
    const lines: string[] = [];
    let line = '';
    for (const word of sentence.split(' ')) {
      if (line !== '' && line.length + word.length > 72) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line].map(roff);
  });
}

/** Text as roff source: nothing in it is taken for a request, and what can be typed in is ASCII. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replace(/^\./, '\\&.')
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
