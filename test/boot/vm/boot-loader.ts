/**
 * What the machine's boot loader does, as `assets/boot/grub.cfg` has it: which deployment's kernel to load. It reads the
 * file system as a boot loader does, without its journal (debugfs(8)).
 */
import { execFileSync } from 'node:child_process';

/** Of the deployment whose kernel is loaded; `rescue`: the copy outside of all deployments. */
export type Loaded = { readonly deployment: string } | 'rescue';

export function bootLoader(disk: string): Loaded {
  const config = link(disk, '/rootfs/boot');
  const folder = `/rootfs/${config}`;
  const names = config === undefined ? [] : list(disk, folder);
  const previousFirst = names.includes('previous-once') || (names.includes('tries+0') && !names.includes('alive'));
  const order = previousFirst ? ['previous', 'current'] : ['current', 'previous'];
  for (const role of order) {
    const deployment = link(disk, `${folder}/${role}`)?.replace('../', '');
    if (deployment && list(disk, `/rootfs/${deployment}/boot`).some((name) => name.startsWith('vmlinuz')))
      return { deployment };
  }
  return 'rescue';
}

function debugfs(disk: string, request: string): string {
  return execFileSync('debugfs', ['-R', request, disk], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function link(disk: string, path: string): string | undefined {
  return /Fast link dest: "([^"]+)"/.exec(debugfs(disk, `stat ${path}`))?.[1];
}

function list(disk: string, folder: string): string[] {
  // /inode/mode/uid/gid/name/size/
  return debugfs(disk, `ls -p ${folder}`)
    .split('\n')
    .flatMap((line) => line.split('/')[5] ?? []);
}
