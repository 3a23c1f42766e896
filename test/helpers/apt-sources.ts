/** What packages this machine can have: its own apt sources, Debian's among them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: string;
  /** Options in brackets, e.g. the keyring that signs it. */
  readonly options: string;
}

/** The base suite of the sources, and what updates it: nothing but Debian's own, as a machine may have others configured. */
export interface SuiteFamily {
  readonly base: string;
  readonly suites: readonly string[];
}

export function suiteFamily(sources: readonly AptSource[]): SuiteFamily {
  const base = baseSuite(sources);
  return { base, suites: [base, `${base}-updates`, `${base}-security`, `${base}/updates`] };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The suite that others are named after: `bookworm` of `bookworm-updates` and `bookworm-security`. */
function baseSuite(sources: readonly AptSource[]): string {
  const suites = sources.map((source) => source.suite);
  const base = suites.find((suite) =>
    suites.some((other) => other.startsWith(`${suite}-`) || other.startsWith(`${suite}/`)),
  );
  return base ?? suites[0] ?? 'stable';
}

/** From `sources.list` and `sources.list.d`, one-line and deb822 (sources.list(5)); binary packages of `main` only. */
export function aptSources(): readonly AptSource[] {
  const texts = [
    ...['/etc/apt/sources.list'].filter((file) => existsSync(file)),
    ...list('/etc/apt/sources.list.d').map((name) => join('/etc/apt/sources.list.d', name)),
  ];
  const found = texts.flatMap((file) =>
    file.endsWith('.sources') ? deb822(readFileSync(file, 'utf8')) : oneLine(readFileSync(file, 'utf8')),
  );
  const wanted = found.filter(({ suite }) => !/backports|proposed|experimental/.test(suite));
  return wanted.filter(
    (one, index) => wanted.findIndex((other) => other.uri === one.uri && other.suite === one.suite) === index,
  );
}

function oneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim());
    if (!match?.[2] || !match[3]) return [];
    return [{ options: match[1] ? `${match[1].trim()} ` : '', uri: match[2], suite: match[3], components: 'main' }];
  });
}

function deb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] =>
      (new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'mi').exec(stanza)?.[1] ?? '')
        .split(/\s+/)
        .filter((word) => word !== '');
    if (!field('Types').includes('deb') || field('Enabled').includes('no')) return [];
    const [keyring] = field('Signed-By');
    const options = keyring?.startsWith('/') ? `[signed-by=${keyring}] ` : '';
    return field('URIs').flatMap((uri) =>
      field('Suites').map((suite) => ({ options, uri, suite, components: 'main' })),
    );
  });
}
