/** Version 7 beside version 6: ours, `rsync --link-dest`, and ostree. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Rival } from './contest.ts';
import { run } from './measure.ts';
import { IMAGE, NEW, OLD, type Sources, STAGE } from './sources.ts';

export function stagingRivals(sources: Sources): readonly Rival[] {
  return [rippleStage(sources), rsyncStage(sources), ostreeStage(sources)];
}

function rippleStage({ repository, keyring, manifest }: Sources): Rival {
  const stage = (mount: string, version: number): string[] => [STAGE, mount, repository, keyring, IMAGE, `${version}`];
  return {
    name: 'ripple',
    does: 'verify the release, fetch from a repository folder, stage (a fresh Node process each time)',
    prepare: (mount) => void run(process.execPath, ...stage(mount, OLD), '--choose'),
    job: (mount) => `'${process.execPath}' ${stage(mount, NEW).join(' ')}`,
    judge: (mount) => {
      const tree = join(mount, `rootfs/${IMAGE}.${NEW}`);
      const mtree = spawnSync('mtree', ['-f', manifest, '-p', tree], { encoding: 'utf8', maxBuffer: 1 << 28 });
      return mtree.status === 0 ? mtree.stdout.trim() : `mtree: ${mtree.stdout}${mtree.stderr}`;
    },
  };
}

function rsyncStage({ older, newer }: Sources): Rival {
  return {
    name: 'rsync',
    does: '`rsync -aHAX --link-dest=6/ NEWER/ 7/`',
    prepare: (mount) => void run('rsync', '-aHAX', `${older}/`, `${mount}/6/`),
    job: (mount) => `rsync -aHAX --link-dest='${mount}/6/' '${newer}/' '${mount}/7/'`,
    judge: (mount) => sameContent(newer, `${mount}/7`, '-aHAXnc'),
  };
}

function ostreeStage({ ostree, newer }: Sources): Rival {
  const bring = (mount: string, version: number): string =>
    [
      `ostree --repo='${mount}/repo' pull-local '${ostree.bare}' '${ostree.commits[version]}'`,
      `ostree --repo='${mount}/repo' checkout -H '${ostree.commits[version]}' '${mount}/${version}'`,
    ].join(' && ');
  return {
    name: 'ostree',
    does: '`ostree pull-local` from a bare repository + `ostree checkout -H`',
    prepare: (mount) => {
      run('ostree', `--repo=${mount}/repo`, 'init', '--mode=bare');
      run('sh', '-c', bring(mount, OLD));
    },
    job: (mount) => bring(mount, NEW),
    // Times of files are no part of a commit, so they are no part of the question.
    judge: (mount) => sameContent(newer, `${mount}/${NEW}`, '-rlpgoDHAXnc'),
  };
}

/** What rsync would still change, comparing every byte; the time of a folder does not count. */
function sameContent(source: string, tree: string, options: string): string {
  const found = run('rsync', options, '--omit-dir-times', '--delete', '--itemize-changes', `${source}/`, `${tree}/`);
  const lines = found.split('\n').filter((line) => line !== '');
  return lines.length === 0 ? '' : `${lines.length} entries differ, such as ${lines[0]}`;
}
