/**
 * Which files of /etc are this laptop's: its names, keys and people, and whatever somebody changed by hand. They become the upper
 * layer over every version's /etc; all others are the version's.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteString } from '../core/entry.ts';

/** Paths below /etc that never are a version's; a folder stands for all in it. */
const OWN: readonly RegExp[] = [
  /^machine-id$/,
  /^hostname$/,
  /^hosts$/,
  /^(fstab|crypttab|adjtime|localtime|timezone|resolv\.conf)$/,
  /^(locale\.conf|vconsole\.conf|default\/(locale|keyboard|console-setup))$/,
  /^(passwd|group|shadow|gshadow|subuid|subgid)-?$/,
  /^ssh\/ssh_host_/,
  /^ssl\/private\//,
  /^NetworkManager\/system-connections\//,
  /^(network\/interfaces|wpa_supplicant\/.*\.conf)$/,
  /^network\/interfaces\.d\//,
  /^systemd\/network\//,
  /^sudoers\.d\/(?!README$)/,
];

/** More is no /etc. */
const MAX_FILES = 50_000;

/** Manifest paths (`./etc/hostname`), files and links only. `root`: the installed system. */
export function ownEtc(root: string): ReadonlySet<ByteString> {
  const shipped = shippedConfiguration(readIfThere(join(root, 'var/lib/dpkg/status')));
  const own = new Set<ByteString>();
  for (const path of filesBelow(join(root, 'etc'))) {
    if (OWN.some((pattern) => pattern.test(path)) || isChanged(join(root, 'etc', path), shipped.get(`/etc/${path}`)))
      own.add(Buffer.from(`./etc/${path}`).toString('latin1'));
  }
  return own;
}

/** MD5 sums of the configuration files as the packages brought them (deb822: field `Conffiles` of dpkg's status file). */
export function shippedConfiguration(status: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const [, path = '', sum = ''] of status.matchAll(/^ (\/etc\/\S.*?) ([0-9a-f]{32})( obsolete)?$/gm))
    sums.set(path, sum);
  return sums;
}

/** A file that a package brought, and that says something else now. What no package brought is made by its scripts. */
function isChanged(path: string, sum: string | undefined): boolean {
  if (sum === undefined || !lstatSync(path).isFile()) return false;
  return createHash('md5').update(readFileSync(path)).digest('hex') !== sum;
}

function filesBelow(etc: string): string[] {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && found.length < MAX_FILES; folder = folders.pop()) {
    for (const item of readdirSync(join(etc, folder), { withFileTypes: true })) {
      const path = join(folder, item.name);
      if (item.isDirectory()) folders.push(path);
      else found.push(path);
    }
  }
  return found;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * fstab(5) for a system whose root the initramfs puts together: the line of `/` would make it writable again, and a swap file
 * cannot be used on a disk that is mounted read-only. They stay as comments.
 */
export function adoptedFstab(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const [device = '', point, type] = line.trim().split(/\s+/);
      const isSwapFile = type === 'swap' && device.startsWith('/') && !device.startsWith('/dev/');
      return !device.startsWith('#') && (point === '/' || isSwapFile) ? `# ripple mounts the root: ${line}` : line;
    })
    .join('\n');
}

/** Every folder that an fstab(5) mounts on, and those on the way there: `./mnt`, `./mnt/data`. Not those in /home, /root, /var. */
export function fstabFolders(text: string): ByteString[] {
  const folders = text.split('\n').flatMap((line) => {
    const [device = '#', point = ''] = line.trim().split(/\s+/);
    if (device.startsWith('#') || !/^\/[^/]/.test(point) || /^\/(home|root|var)\//.test(point)) return [];
    const parts = point
      .replace(/\\040/g, ' ')
      .split('/')
      .slice(1)
      .filter((part) => part !== '' && part !== '..');
    return parts.map((_, i) => `./${parts.slice(0, i + 1).join('/')}`);
  });
  return [...new Set(folders)];
}
