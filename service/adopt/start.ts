/** What starts the first version: an initramfs that puts the root together, and an entry of the boot loader. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

/**
 * The kernel's command line, and where a boot loader finds kernel and initramfs: through the links `current` and `previous`, so
 * that it never needs to be told of a new version.
 */
export function startLine(uuid: string, top: MountPoint): { readonly folder: string; readonly parameters: string } {
  const subvolume = top.root === '/' ? '' : top.root;
  return {
    folder: `${subvolume}/rootfs`,
    parameters: `root=UUID=${uuid} ${subvolume ? `rootflags=subvol=${subvolume} ` : ''}boot=ripple ro quiet`,
  };
}

/** Entries for GRUB's custom.cfg, which its configuration reads last: they come after the old system's and are the default. */
export function grubEntries(uuid: string, top: MountPoint): string {
  const { folder, parameters } = startLine(uuid, top);
  const entry = (title: string, id: string, role: string, more: string): string => `menuentry '${title}' --id ${id} {
  search --no-floppy --fs-uuid --set=root ${uuid}
  linux ${folder}/${role}/vmlinuz ${parameters}${more}
  initrd ${folder}/${role}/initrd.img
}
`;
  return `# Written by ripple adopt. To start the old system by default again, remove this file.
${entry('Ripple', 'ripple', 'current', '')}${entry('Ripple, the version before', 'ripple-previous', 'previous', ' ripple.previous')}set default=ripple
set fallback=0
`;
}

/** Adds the entries to GRUB where it is; never over a file of somebody else. Answers the file it wrote. */
export function addToGrub(root: string, uuid: string, top: MountPoint): string | undefined {
  const file = join(root, 'boot/grub/custom.cfg');
  const text = grubEntries(uuid, top);
  if (!existsSync(join(root, 'boot/grub'))) return undefined;
  if (existsSync(file) && readFileSync(file, 'utf8') !== text) return undefined;
  writeDurablySync(file, Buffer.from(text), 0o644);
  return file;
}
