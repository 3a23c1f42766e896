/** Version 7 into a repository that has 6, or 6 into an empty one: ours and `ostree commit`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Rival } from './contest.ts';
import { run } from './measure.ts';
import { IMAGE, NEW, OLD, RIPPLE, type Sources } from './sources.ts';

export function publishingRivals(sources: Sources, which: 'first' | 'next'): readonly Rival[] {
  const tree = which === 'first' ? sources.older : sources.newer;
  return [
    ripplePublish(sources, which, tree),
    ostreeCommit(sources, which, tree, 'bare'),
    ostreeCommit(sources, which, tree, 'archive'),
  ];
}

function ripplePublish({ older, key }: Sources, which: 'first' | 'next', tree: string): Rival {
  const version = which === 'first' ? OLD : NEW;
  const command = (mount: string, from: string, number: number): string =>
    `'${process.execPath}' '${RIPPLE}' publish '${from}' --repo '${mount}/repo' --image ${IMAGE} --version ${number} --key '${key}' --json`;
  return {
    name: 'ripple',
    does: '`ripple publish`: SHA-256, whole files, signed',
    prepare: (mount) => {
      run(RIPPLE, 'keyring', 'init', '--repo', `${mount}/repo`, '--root', key);
      if (which === 'next') run('sh', '-c', command(mount, older, OLD));
    },
    job: (mount) => command(mount, tree, version),
    judge: (mount) => (existsSync(join(mount, `repo/images/${IMAGE}/${version}.pgp`)) ? '' : 'there is no release'),
  };
}

function ostreeCommit({ older }: Sources, which: 'first' | 'next', tree: string, mode: 'bare' | 'archive'): Rival {
  const command = (mount: string, from: string): string =>
    `ostree --repo='${mount}/repo' commit --branch=xo --tree=dir='${from}'`;
  return {
    name: `ostree ${mode}`,
    does:
      mode === 'bare'
        ? '`ostree commit`: SHA-256, whole files, not signed'
        : '`ostree commit`: SHA-256, each file compressed, not signed',
    prepare: (mount) => {
      run('ostree', `--repo=${mount}/repo`, 'init', `--mode=${mode}`);
      if (which === 'next') run('sh', '-c', command(mount, older));
    },
    job: (mount) => command(mount, tree),
    judge: (mount) =>
      run('ostree', `--repo=${mount}/repo`, 'rev-parse', 'xo').trim() === '' ? 'there is no commit' : '',
  };
}
