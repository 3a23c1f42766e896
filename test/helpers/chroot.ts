/** A fresh Debian to install packages into, as on a disk that nobody started yet: no service runs, no network by default. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { debianTrees, debianTreesMissing } from './debian-trees.ts';
import { tempFolder } from './temp.ts';

export const chrootMissing = debianTreesMissing;

/** Mounts below `$1`, in a mount namespace that goes with the command. */
const MOUNTS = `
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "$1/dev/\${node%:*}" c 1 "\${node#*:}"
done
ln -s /proc/self/fd "$1/dev/fd"
mkdir "$1/dev/shm"
`;

export class Chroot {
  readonly root: string;

  /** A copy of the older Debian tree with `packages` and what they depend on. */
  constructor(t: Pick<TestContext, 'after' | 'diagnostic'>, packages: readonly string[]) {
    this.root = join(tempFolder(t, 'ripple-chroot'), 'root');
    const { older } = debianTrees((line) => t.diagnostic(line));
    const copied = spawnSync('cp', ['-a', '--reflink=auto', older, this.root], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(copied.stderr);
    // Nothing is started (invoke-rc.d(8)).
    writeFileSync(join(this.root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    copyFileSync('/etc/resolv.conf', join(this.root, 'etc/resolv.conf'));
    this.ok(
      `apt-get -qq update
       DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends ${packages.join(' ')} >/dev/null
       rm /etc/resolv.conf`,
      { network: true },
    );
  }

  /** Runs a shell script in it; what it started ends with it. */
  run(script: string, options: { readonly network?: boolean } = {}): SpawnSyncReturns<string> {
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', ...(options.network ? [] : ['--net'])];
    const up = options.network ? '' : 'ip link set lo up';
    const inside = `${MOUNTS}${up}\nexec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$1" sh -eu -c "$2"`;
    return spawnSync('unshare', [...namespaces, 'sh', '-eu', '-c', inside, 'sh', this.root, script], {
      encoding: 'utf8',
      timeout: 300_000,
    });
  }

  /** As `run`; answers standard output, and fails with all that was printed. */
  ok(script: string, options: { readonly network?: boolean } = {}): string {
    const ran = this.run(script, options);
    if (ran.status !== 0) throw new Error(`${script}\nstatus ${ran.status}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }
}
