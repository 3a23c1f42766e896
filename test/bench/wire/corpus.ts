/** The pairs on disk: Debian packages as apt offers them now, unpacked; kept in the build folder. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptSources, suiteFamily } from '../../helpers/apt-sources.ts';
import { debianTrees } from '../../helpers/debian-trees.ts';
import { run } from '../measure.ts';
import {
  choosePair,
  choosePattern,
  type PackageVersion,
  parseMadison,
  sameUpstream,
  type VersionPair,
} from './apt-offers.ts';
import { LAPTOP_PACKAGES, type PairClass, type PairSpec } from './pairs.ts';
import { filesOf } from './tree-files.ts';

export interface Pair {
  readonly name: string;
  readonly class: PairClass | 'tree';
  readonly old: string;
  readonly new: string;
  /** For people, e.g. "1.2-3 → 1.2-4". */
  readonly versions: string;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** What a laptop's image would not carry. */
const NOT_SHIPPED = ['usr/share/doc', 'usr/share/man', 'usr/share/lintian', 'usr/lib/debug'];

/** Downloads and unpacks what is missing of a pair. */
export function packagePair(spec: PairSpec, folder: string, say: (line: string) => void): Pair | LeftOut {
  const chosen = versionsOf(spec);
  if (typeof chosen === 'string') return { name: spec.name, why: chosen };
  const root = join(folder, 'pairs', spec.name);
  const stamp = join(root, 'versions.json');
  const wanted = JSON.stringify({ ...chosen, only: spec.only?.source });
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(root, { recursive: true, force: true });
    try {
      for (const [side, packages] of [
        ['old', chosen.older],
        ['new', chosen.newer],
      ] as const)
        unpack(packages, sideOf(spec, join(root, side), say), { debs: join(folder, 'debs'), only: spec.only, say });
    } catch (error) {
      return { name: spec.name, why: `the packages cannot be had: ${String(error).split('\n')[0]}` };
    }
    writeFileSync(stamp, wanted);
  }
  const isSmall = spec.class === 'small' && sameUpstream(chosen);
  return {
    name: spec.name,
    class: spec.class === 'small' && !isSmall ? 'point' : spec.class,
    old: join(root, 'old'),
    new: join(root, 'new'),
    versions: `${chosen.older[0]?.version} → ${chosen.newer[0]?.version}`,
  };
}

/** An empty folder; for a package in a system that system's tree, whose files are shared and never written into. */
function sideOf(spec: PairSpec, side: string, say: (line: string) => void): string {
  mkdirSync(dirname(side), { recursive: true });
  if (spec.class === 'system') run('cp', '-al', debianTrees(say).newer, side);
  else mkdirSync(side);
  return side;
}

/** Without its lists apt offers nothing. */
export function requireAptLists(say: (line: string) => void): void {
  if (run('apt-cache', 'madison', 'libc6').includes('Packages')) return;
  say('apt-get update');
  run('apt-get', 'update', '-qq');
}

/** Whole systems before and after a year's updates. */
export function treePairs(say: (line: string) => void): Pair[] {
  const { base } = suiteFamily(aptSources());
  const versions = `${base} → with updates and security`;
  const minimal = debianTrees(say);
  const laptop = debianTrees(say, { name: 'laptop-trees', include: LAPTOP_PACKAGES });
  return [
    { name: 'tree-minimal', class: 'tree', old: minimal.older, new: minimal.newer, versions },
    { name: 'tree-laptop', class: 'tree', old: laptop.older, new: laptop.newer, versions },
  ];
}

export const TREE_NAMES: readonly string[] = ['tree-minimal', 'tree-laptop'];

function versionsOf({ packages, pattern }: PairSpec): VersionPair | string {
  const { suites } = suiteFamily(aptSources());
  const offersOf = (names: readonly string[]) =>
    names.length === 0 ? [] : parseMadison(run('apt-cache', 'madison', ...names), suites);
  if (pattern === undefined) return choosePair(packages, offersOf(packages));
  const expression = pattern.replace('ARCH', run('dpkg', '--print-architecture').trim());
  const script = `apt-cache pkgnames | grep -E '${expression}' | sort -V || true`;
  const names = run('sh', '-c', script)
    .split('\n')
    .filter((name) => name !== '');
  return choosePattern(names, offersOf(names));
}

interface UnpackOptions {
  readonly debs: string;
  readonly only: RegExp | undefined;
  readonly say: (line: string) => void;
}

function unpack(packages: readonly PackageVersion[], into: string, { debs, only, say }: UnpackOptions): void {
  for (const { name, version } of packages) {
    const folder = join(debs, `${name}_${version.replace(/[:/]/g, '_')}`);
    mkdirSync(folder, { recursive: true });
    const found = (): string | undefined => readdirSync(folder).find((file) => file.endsWith('.deb'));
    if (found() === undefined) {
      say(`downloading ${name} ${version}`);
      run('sh', '-c', `cd '${folder}' && exec apt-get -qq -o APT::Sandbox::User=root download '${name}=${version}'`);
    }
    run('dpkg-deb', '-x', join(folder, found() ?? ''), into);
  }
  for (const path of NOT_SHIPPED) rmSync(join(into, path), { recursive: true, force: true });
  if (!only) return;
  for (const path of filesOf(into)) if (!only.test(path)) rmSync(join(into, path));
  removeEmpty(into);
}

/** Depth first; keeps regular files and the folders on the way to them. Answers whether the folder is gone. */
function removeEmpty(folder: string): boolean {
  let left = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile() || (entry.isDirectory() && !removeEmpty(join(folder, entry.name)))) left++;
    else if (!entry.isDirectory()) rmSync(join(folder, entry.name));
  }
  if (left === 0) rmdirSync(folder);
  return left === 0;
}
