/**
 * What of an installed system is the version, and what is the laptop's: decided by the path alone. Paths are byte strings as
 * in a manifest, `./usr/bin/env`.
 */
import type { ByteString } from '../core/entry.ts';

/** Folders at the top that a version consists of. Links there (`/bin`, `/vmlinuz`) belong to it too. */
const SYSTEM = new Set(['bin', 'boot', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'libo32', 'opt', 'sbin', 'usr']);

/** Empty in every version: something else is mounted on them, always or at times. */
const MOUNT_POINTS = ['dev', 'home', 'media', 'mnt', 'proc', 'root', 'run', 'srv', 'sys', 'sysroot', 'tmp', 'var'];

/** Of /var only what says which packages the version's files come from; it must change with them. */
const PACKAGES = ['./var', './var/lib', './var/lib/dpkg'];

/** The boot loader's own, which it reads from outside the versions; the first is a file system of its own. */
const EMPTIED = ['./boot/efi', './boot/grub', './boot/lost+found'];

export const LAPTOP_FOLDERS = ['home', 'root', 'var'] as const;

const MODES: Readonly<Record<string, number>> = { proc: 0o555, root: 0o700, sys: 0o555, tmp: 0o1777 };

/** Folders that every version needs, with or without anything in them: name and mode. */
export const NEEDED_FOLDERS: readonly (readonly [path: ByteString, mode: number])[] = [
  ...MOUNT_POINTS.map((name) => [`./${name}`, MODES[name] ?? 0o755] as const),
  ['./boot/efi', 0o700],
  ['./boot/grub', 0o755],
];

/** Whether the entry at `path` is a part of the version. `ownEtc` holds the paths of /etc that are the laptop's own. */
export function isVersion(path: ByteString, isLink: boolean, ownEtc: ReadonlySet<ByteString>): boolean {
  if (path === '.') return true;
  const top = path.split('/', 2)[1] ?? '';
  if (top === 'var') return !isLink && (PACKAGES.includes(path) || path.startsWith('./var/lib/dpkg/'));
  if (path === `./${top}`) return SYSTEM.has(top) || isLink;
  if (!SYSTEM.has(top) || EMPTIED.includes(path)) return false;
  return !ownEtc.has(path);
}

/** Made anew by every start, so that nothing in it is anybody's. */
const EPHEMERAL = new Set(['dev', 'proc', 'run', 'sys', 'tmp']);

/** Any other link at the top may be somebody's. */
const KERNEL_LINKS = new Set(['initrd.img', 'initrd.img.old', 'vmlinuz', 'vmlinuz.old']);

/** Whether `name` at the top of the disk is of the system before Ripple: folders and links that each version has of its own. */
export function isOldSystem(name: string, isLink: boolean): boolean {
  return SYSTEM.has(name) || EPHEMERAL.has(name) || (isLink && KERNEL_LINKS.has(name));
}

/** What no version has and no list of ours knows: it stays where it is, and is to be found below /sysroot. */
export function isStranger(path: ByteString, isLink: boolean): boolean {
  const name = path.slice(2);
  const ours = ['laptop', 'lost+found', 'rescue', 'ripple', 'rootfs'];
  return !name.includes('/') && !isLink && !SYSTEM.has(name) && !MOUNT_POINTS.includes(name) && !ours.includes(name);
}
