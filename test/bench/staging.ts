/** Version 7 beside version 6: ours by each back end, rsync, ostree, and what btrfs brings itself. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { BackendName } from '../../service/deploy/backend.ts';
import type { Rival } from './contest.ts';
import { fillDisk } from './disk.ts';
import { run } from './measure.ts';
import { IMAGE, NEW, OLD, type Sources, STAGE } from './sources.ts';

export function stagingRivals(sources: Sources): readonly Rival[] {
  return [rippleStage(sources, 'hardlink'), rsyncStage(sources), ostreeStage(sources)];
}

/** The same on XFS. */
export function xfsStagingRivals(sources: Sources): readonly Rival[] {
  return [rippleStage(sources, 'reflink'), rippleStage(sources, 'hardlink'), rsyncStage(sources), ostreeStage(sources)];
}

/** The same on btrfs. `folder` is for the streams that its own tool sends. */
export function btrfsStagingRivals(sources: Sources, folder: string): readonly Rival[] {
  return [
    rippleStage(sources, 'btrfs'),
    rippleStage(sources, 'reflink'),
    rippleStage(sources, 'hardlink'),
    snapshotStage(sources),
    btrfsReceive(sources, folder),
    ostreeStage(sources),
  ];
}

function rippleStage({ repository, keyring, manifest }: Sources, backend: BackendName): Rival {
  const stage = (mount: string, version: number): string[] => [
    ...[STAGE, mount, repository, keyring, IMAGE, `${version}`],
    backend,
  ];
  return {
    name: `ripple, ${backend}`,
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

/** What somebody would write who has btrfs and rsync. */
function snapshotStage({ older, newer }: Sources): Rival {
  return {
    name: 'btrfs snapshot + rsync',
    does: '`btrfs subvolume snapshot 6 7`, then `rsync -aHAX --delete --inplace --no-whole-file NEWER/ 7/`',
    prepare: (mount) => {
      run('btrfs', 'subvolume', 'create', `${mount}/6`);
      run('rsync', '-aHAX', `${older}/`, `${mount}/6/`);
    },
    job: (mount) =>
      `btrfs -q subvolume snapshot '${mount}/6' '${mount}/7' && rsync -aHAX --delete --inplace --no-whole-file '${newer}/' '${mount}/7/'`,
    judge: (mount) => sameContent(newer, `${mount}/7`, '-aHAXnc'),
  };
}

/** The stream holds exactly what differs; making it is not counted. */
function btrfsReceive({ older, newer }: Sources, folder: string): Rival {
  const [first, next] = [join(folder, 'first.btrfs'), join(folder, 'next.btrfs')];
  const make = (): void =>
    fillDisk(join(folder, 'sender'), 'btrfs', join(folder, 'sending'), ({ folder: mount }) => {
      run('btrfs', 'subvolume', 'create', `${mount}/6`);
      run('rsync', '-aHAX', `${older}/`, `${mount}/6/`);
      run('btrfs', 'subvolume', 'snapshot', `${mount}/6`, `${mount}/7`);
      run('rsync', '-aHAX', '--delete', '--inplace', '--no-whole-file', `${newer}/`, `${mount}/7/`);
      for (const version of [OLD, NEW]) run('btrfs', 'property', 'set', `${mount}/${version}`, 'ro', 'true');
      run('btrfs', '-q', 'send', '-f', first, `${mount}/6`);
      run('btrfs', '-q', 'send', '-p', `${mount}/6`, '-f', next, `${mount}/7`);
    });
  return {
    name: 'btrfs receive',
    does: '`btrfs receive` of the stream that `btrfs send -p 6 7` made before',
    prepare: (mount) => {
      make();
      run('btrfs', '-q', 'receive', '-f', first, mount);
    },
    job: (mount) => `btrfs -q receive -f '${next}' '${mount}'`,
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
