/** Can this system be adopted? Every reason against it is one line that says what to do. */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { Layout } from '../deploy/layout.ts';

/** Where everything must be on the one file system. /home may be of its own: fstab(5) mounts it as before. */
const TOGETHER = [
  'bin',
  'boot',
  'etc',
  'lib',
  'opt',
  'root',
  'sbin',
  'usr',
  'usr/local',
  'var',
  'var/lib',
  'var/lib/dpkg',
];
const FILE_SYSTEMS = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs'];

export interface MountPoint {
  readonly path: string;
  /** What of its file system is mounted, `/` for all. */
  readonly root: string;
  readonly type: string;
}

/** Mount points by proc(5), mountinfo. */
export function mountPoints(text: string = readFileSync('/proc/self/mountinfo', 'utf8')): MountPoint[] {
  const plain = (field: string): string =>
    field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , root, path] = before.split(' ');
    const [type] = after.split(' ');
    return root === undefined || path === undefined || !type ? [] : [{ path: plain(path), root: plain(root), type }];
  });
}

/** Versions start from this disk already, or did this time. */
export function isAdopted(root: string, layout: Layout): boolean {
  return (
    lstatSync(layout.bootPointer, { throwIfNoEntry: false }) !== undefined ||
    (root === '/' && existsSync('/run/ripple/booted'))
  );
}

/** Answers what is mounted at `root`. @throws RippleError `InvalidArgument` or `WrongState` */
export function requireAdoptable(root: string, layout: Layout, mounts: readonly MountPoint[]): MountPoint {
  if (!lstatSync(root, { throwIfNoEntry: false })?.isDirectory()) refuse(`there is no folder ${root}`);
  if (isAdopted(root, layout))
    throw new RippleError('WrongState', `${root} is adopted already: ${layout.bootPointer} chooses what starts`);
  const top = mountAt(root, mounts);
  if (!top) refuse(`${root} is not where a file system is mounted: the versions must lie at the top of one; mount it`);
  if (!FILE_SYSTEMS.includes(top.type))
    refuse(`${root} is ${top.type}; versions can be kept on ${FILE_SYSTEMS.join(', ')}`);
  // Of btrfs a subvolume is mounted like this.
  if (top.root !== '/' && top.type !== 'btrfs')
    refuse(`${root} shows only ${top.root} of its file system; mount all of it`);
  for (const name of TOGETHER) {
    const path = join(root, name);
    if (mounts.some((mount) => mount.path === path))
      refuse(`${path} is a file system of its own: a version must lie on one; move it to ${root} first`);
  }
  if (!existsSync(join(root, 'usr/lib/os-release')))
    refuse(`${root} holds no installed system: there is no ${join(root, 'usr/lib/os-release')}`);
  if (!existsSync(join(root, 'usr/lib/ripple/boot/ripple-root')))
    refuse(`${root} has no Ripple, which starts and updates versions; install its package there first`);
  return top;
}

/** The last one lies on top. */
export function mountAt(root: string, mounts: readonly MountPoint[]): MountPoint | undefined {
  return mounts.filter(({ path }) => path === realpathSync(root)).at(-1);
}

function refuse(why: string): never {
  throw new RippleError('InvalidArgument', why);
}

/** A kernel with an initramfs of the same release in /boot: something that a boot loader can start. */
export function startableKernels(root: string): string[] {
  const boot = join(root, 'boot');
  const names = existsSync(boot) ? readdirSync(boot) : [];
  return names
    .flatMap((name) => (name.startsWith('vmlinuz-') ? [name.slice('vmlinuz-'.length)] : []))
    .filter((release) => names.includes(`initrd.img-${release}`) || names.includes(`initramfs-${release}.img`));
}
