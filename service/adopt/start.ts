/** What starts the first version: an initramfs that puts the root together, and an entry of the boot loader. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { writeDurablySync } from '../sys/durable.ts';
import type { MountPoint } from './survey.ts';

/** The tools that build an initramfs, with the arguments that build all again. */
const BUILDERS = [
  ['usr/sbin/update-initramfs', '-u', '-k', 'all'],
  ['usr/bin/dracut', '--force', '--regenerate-all'],
] as const;

/**
 * Builds every initramfs of the installed system again, now with Ripple's hook in it. False: there is nothing to build it with.
 * Nothing but `boot=ripple` on the kernel's command line makes use of the hook.
 */
export function buildInitramfs(root: string): boolean {
  const builder = BUILDERS.find(([program]) => existsSync(join(root, program)));
  if (!builder) return false;
  const [program, ...args] = builder;
  const command = root === '/' ? [`/${program}`, ...args] : ['chroot', root, `/${program}`, ...args];
  const ran = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (ran.status !== 0)
    throw new RippleError(
      'IoError',
      `${command.join(' ')} failed: ${lastLine(ran.stderr) || ran.error?.message || `status ${ran.status}`}`,
    );
  return true;
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}

/** UUID of the file system mounted at `root`, by findmnt(8); `undefined` when it has none or nobody knows. */
export function fileSystemUuid(root: string): string | undefined {
  const found = spawnSync('findmnt', ['--noheadings', '--first-only', '--output', 'UUID', '--mountpoint', root], {
    encoding: 'utf8',
  });
  const uuid = found.stdout?.trim();
  return uuid && /^[0-9A-Fa-f-]{4,40}$/.test(uuid) ? uuid : undefined;
}

/** What a boot loader must start: paths on the file system that never change, whichever version they lead to. */
export function startLine(uuid: string, top: MountPoint): string {
  const folder = `${subvolume(top)}/rootfs/boot/current`;
  return `${folder}/vmlinuz with ${folder}/initrd.img and "root=UUID=${uuid} ${flags(top)}boot=ripple ripple quiet"`;
}

/** Of btrfs; empty where all of the file system is mounted. */
function subvolume(top: MountPoint): string {
  return top.root === '/' ? '' : top.root;
}

function flags(top: MountPoint): string {
  return subvolume(top) === '' ? '' : `rootflags=subvol=${subvolume(top)} `;
}

/** Ripple's configuration of GRUB (`assets/boot/grub.cfg`) for one disk. */
export function grubConfiguration(template: string, uuid: string, top: MountPoint): string {
  return template
    .replaceAll('SYSROOT-UUID', uuid)
    .replaceAll('($disk)/', `($disk)${subvolume(top)}/`)
    .replace(/^set more="/m, `set more="${flags(top)}`);
}

/** For GRUB's custom.cfg, which its own configuration reads last: Ripple by default, the old system in the menu above it. */
const CUSTOM = `# Written by ripple adopt. To start the old system by default again, remove this file.
menuentry 'Ripple' --id ripple {
  configfile $config_directory/ripple.cfg
}
set default=ripple
set fallback=0
`;

/** Adds Ripple to GRUB where it is; never over a file of somebody else. Answers the file that starts it. */
export function addToGrub(root: string, uuid: string, top: MountPoint): string | undefined {
  const folder = join(root, 'boot/grub');
  const file = join(folder, 'custom.cfg');
  const template = join(root, 'usr/lib/ripple/boot/grub.cfg');
  if (!existsSync(join(folder, 'grub.cfg')) || !existsSync(template)) return undefined;
  if (existsSync(file) && readFileSync(file, 'utf8') !== CUSTOM) return undefined;
  const own = grubConfiguration(readFileSync(template, 'utf8'), uuid, top);
  writeDurablySync(join(folder, 'ripple.cfg'), Buffer.from(own), 0o644);
  writeDurablySync(file, Buffer.from(CUSTOM), 0o644);
  return file;
}

/** By what `addToGrub` wrote, or `startGrubAlone`. */
export function isStartedByGrub(root: string): boolean {
  return existsSync(join(root, 'boot/grub/ripple.cfg'));
}

/** GRUB's own configuration is Ripple's from here on, and the old system is in no menu. May be called again. */
export function startGrubAlone(root: string): void {
  const folder = join(root, 'boot/grub');
  writeDurablySync(join(folder, 'grub.cfg'), readFileSync(join(folder, 'ripple.cfg')), 0o644);
  const custom = join(folder, 'custom.cfg');
  if (existsSync(custom) && readFileSync(custom, 'utf8') === CUSTOM) rmSync(custom);
}
