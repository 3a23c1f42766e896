/**
 * Two real Debian root trees, before and after a year of updates: the base suite alone, and with security and updates.
 * Built by mmdebstrap from the apt sources of this machine, kept in the build folder, and built again when missing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from './private-bus.ts';

export interface DebianTrees {
  readonly older: string;
  readonly newer: string;
}

interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: string;
  /** Options in brackets, e.g. the keyring that signs it. */
  readonly options: string;
}

/** Why the trees cannot be built here; false when they can. */
export const debianTreesMissing: string | false =
  process.getuid?.() !== 0
    ? 'building Debian trees needs root'
    : !existsSync('/usr/bin/mmdebstrap')
      ? 'mmdebstrap is not installed'
      : aptSources().length === 0
        ? 'no apt sources are configured'
        : false;

/** Builds what is missing; `say` hears what takes long (about a minute a tree). */
export function debianTrees(say: (line: string) => void): DebianTrees {
  const folder = join(PROJECT_ROOT, 'build', 'debian-trees');
  mkdirSync(folder, { recursive: true });
  const sources = aptSources();
  const suite = baseSuite(sources);
  const base = sources.filter((source) => source.suite === suite);
  const build = (name: string, chosen: readonly AptSource[]): string => {
    const tree = join(folder, name);
    if (existsSync(tree)) return tree;
    say(`building the Debian tree "${name}" with mmdebstrap (${chosen.map((source) => source.suite).join(', ')})`);
    const fresh = `${tree}.new`;
    rmSync(fresh, { recursive: true, force: true });
    const lines = chosen.map(
      ({ options, uri, suite: from, components }) => `deb ${options}${uri} ${from} ${components}`,
    );
    const args = [
      '--mode=root',
      '--variant=minbase',
      '--quiet',
      '--aptopt=Acquire::Languages "none"',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/man/*',
    ];
    execFileSync('mmdebstrap', [...args, suite, fresh, '-'], {
      input: `${lines.join('\n')}\n`,
      stdio: ['pipe', 'ignore', 'inherit'],
      // The same times every time: two builds of one state are one state.
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
    });
    // What a shipped image would not carry.
    for (const emptied of ['var/log', 'var/cache', 'var/lib/apt/lists', 'dev', 'proc', 'sys', 'run', 'tmp']) {
      for (const item of list(join(fresh, emptied)))
        rmSync(join(fresh, emptied, item), { recursive: true, force: true });
    }
    renameSync(fresh, tree);
    return tree;
  };
  // Nothing but Debian's own: a machine may have other sources configured.
  const family = [suite, `${suite}-updates`, `${suite}-security`, `${suite}/updates`];
  const updated = sources.filter((source) => family.includes(source.suite));
  return { older: build('older', base), newer: build('newer', updated) };
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
function aptSources(): readonly AptSource[] {
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
