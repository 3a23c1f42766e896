/**
 * Two real Debian root trees, before and after a year of updates: the base suite alone, and with security and updates.
 * Built by mmdebstrap from the apt sources of this machine, kept in the build folder, and built again when missing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AptSource, aptSources, suiteFamily } from './apt-sources.ts';
import { PROJECT_ROOT } from './private-bus.ts';

export interface DebianTrees {
  readonly older: string;
  readonly newer: string;
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

/** What is in the trees. */
export interface TreeKind {
  /** Of the folder below `build`. */
  readonly name: string;
  /** Packages besides those that every Debian has. */
  readonly include: readonly string[];
}

const MINIMAL: TreeKind = { name: 'debian-trees', include: [] };

/** Builds what is missing; `say` hears what takes long (about a minute a minimal tree). */
export function debianTrees(say: (line: string) => void, kind: TreeKind = MINIMAL): DebianTrees {
  const folder = join(PROJECT_ROOT, 'build', kind.name);
  mkdirSync(folder, { recursive: true });
  const sources = aptSources();
  const { base: suite, suites } = suiteFamily(sources);
  const base = sources.filter((source) => source.suite === suite);
  const build = (name: string, chosen: readonly AptSource[]): string => {
    const tree = join(folder, name);
    if (existsSync(tree)) return tree;
    say(
      `building the tree "${name}" of ${kind.name} with mmdebstrap (${chosen.map((source) => source.suite).join(', ')})`,
    );
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
      ...(kind.include.length > 0 ? [`--include=${kind.include.join(',')}`] : []),
    ];
    execFileSync('mmdebstrap', [...args, suite, fresh, '-'], {
      input: `${lines.join('\n')}\n`,
      stdio: ['pipe', 'ignore', 'inherit'],
      // The same times every time: two builds of one state are one state.
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
    });
    // What a shipped image would not carry.
    for (const emptied of ['var/log', 'var/cache', 'var/lib/apt/lists', 'dev', 'proc', 'sys', 'run', 'tmp']) {
      for (const item of existsSync(join(fresh, emptied)) ? readdirSync(join(fresh, emptied)) : [])
        rmSync(join(fresh, emptied, item), { recursive: true, force: true });
    }
    renameSync(fresh, tree);
    return tree;
  };
  const updated = sources.filter((source) => suites.includes(source.suite));
  return { older: build('older', base), newer: build('newer', updated) };
}
