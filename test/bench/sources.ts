/** What every contest starts from: the two Debian trees, and both versions as each program publishes them. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianTrees } from '../helpers/debian-trees.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { run } from './measure.ts';

export const IMAGE = 'xo';
export const OLD = 6;
export const NEW = 7;
export const RIPPLE = join(PROJECT_ROOT, 'bin/ripple');
/** Stages one version in a process of its own. */
export const STAGE = join(PROJECT_ROOT, 'build/test/bench/stage-once.js');

export interface Sources {
  readonly older: string;
  readonly newer: string;
  /** A Ripple repository with both versions. */
  readonly repository: string;
  readonly key: string;
  readonly keyring: string;
  /** Manifest of the newer version. */
  readonly manifest: string;
  readonly ostree: { readonly bare: string; readonly commits: Readonly<Record<number, string>> };
}

export function makeSources(folder: string, say: (line: string) => void): Sources {
  const { older, newer } = debianTrees(say);
  const repository = join(folder, 'repository');
  const key = join(folder, 'key');
  const keyring = join(folder, 'keyring.pgp');
  const bare = join(folder, 'ostree');
  say('publishing both versions with each program');
  run(RIPPLE, 'keygen', '--out', key, '--name', 'Bench');
  run(RIPPLE, 'keyring', 'init', '--repo', repository, '--root', key);
  copyFileSync(join(repository, 'keyring/1.pgp'), keyring);
  publish(older, repository, OLD, key);
  const { manifest } = publish(newer, repository, NEW, key);
  run('ostree', `--repo=${bare}`, 'init', '--mode=bare');
  const commit = (tree: string): string =>
    run('ostree', `--repo=${bare}`, 'commit', '--branch=xo', `--tree=dir=${tree}`).trim();
  const commits = { [OLD]: commit(older), [NEW]: commit(newer) };
  return {
    older,
    newer,
    repository,
    key,
    keyring,
    manifest: join(repository, 'blobs', manifest.sha256),
    ostree: { bare, commits },
  };
}

export interface Published {
  readonly manifest: { readonly sha256: string };
  readonly entries: number;
  readonly treeBytes: number;
  readonly newBlobs: number;
  readonly newBlobBytes: number;
}

export function publish(tree: string, repository: string, version: number, key: string): Published {
  const args = ['publish', tree, '--repo', repository, '--image', IMAGE, '--version', `${version}`, '--key', key];
  return JSON.parse(run(RIPPLE, ...args, '--json'));
}
