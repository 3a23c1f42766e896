/** What `ripple adopt` left of the system before it, beside the versions: what may go, and what would be missed. */
import { existsSync, lstatSync, type Stats, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { readBootConfig } from '../deploy/boot-config.ts';
import { syncPath } from '../deploy/disk-path.ts';
import { type Deployment, deploymentName, type Layout } from '../deploy/layout.ts';
import { isOldSystem } from './boundary.ts';
import { isStartedByGrub, startGrubAlone } from './start.ts';
import type { MountPoint } from './survey.ts';

export interface OldSystemFacts {
  readonly layout: Layout;
  /** The version that runs; `undefined`: no version does. */
  readonly booted: Deployment | undefined;
  readonly mounts: readonly MountPoint[];
}

export interface OldItem {
  /** Below the sysroot. */
  readonly path: string;
  /** Blocks on the disk, of which a file system that clones may give back fewer. */
  readonly sizeBytes: number;
}

/** In /boot, where a boot loader keeps what it needs besides. */
const KERNELS = /^(vmlinuz|initrd\.img|initramfs|System\.map|config)-/;

/** @throws RippleError `WrongState` with the reason why the old system is still needed */
export function requireSuperfluous({ layout, booted, mounts }: OldSystemFacts): void {
  const config = readBootConfig(layout);
  if (!config) refuse(`${layout.sysroot} was never adopted: nothing in it is left over`);
  if (!booted)
    refuse('the old system may be the one that runs, for no version of Ripple does: restart into Ripple first');
  if (isSame('/usr', join(layout.sysroot, 'usr'))) refuse('the old system is running: restart into Ripple first');
  if (deploymentName(config.current) !== deploymentName(booted))
    refuse(`${deploymentName(config.current)} is chosen and does not run yet: restart into it first`);
  if (config.triesLeft !== undefined)
    refuse(`${deploymentName(booted)} has not shown yet that it works: try again when it is blessed`);
  if (!config.previous && !existsSync(join(layout.sysroot, 'rescue/vmlinuz')))
    refuse(
      `the old system is the only way back: there is no version besides ${deploymentName(booted)}, and no rescue; update first`,
    );
  const inside = mounts.find(({ path }) => isBelowOld(layout.sysroot, path));
  if (inside) refuse(`${inside.path} is mounted in the old system: unmount it first`);
}

function isBelowOld(sysroot: string, path: string): boolean {
  if (!path.startsWith(`${sysroot}/`)) return false;
  const [top = ''] = path.slice(sysroot.length + 1).split('/');
  // Only kernels go from there, not what a boot loader has mounted.
  return top !== 'boot' && isOldSystem(top, false);
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function refuse(why: string): never {
  throw new RippleError('WrongState', why);
}

/** Everything that may go, in the order in which it goes. Empty: it is gone already. */
export async function surveyOldSystem({ sysroot }: Layout): Promise<OldItem[]> {
  const device = lstatSync(sysroot).dev;
  const names = (await readdir(sysroot, { withFileTypes: true }))
    .filter((item) => isOldSystem(item.name, item.isSymbolicLink()) && item.name !== 'boot')
    .map(({ name }) => name);
  // Of another boot loader nothing is known: it may load a kernel from there.
  const boot = isStartedByGrub(sysroot) ? await readdir(join(sysroot, 'boot')) : [];
  const paths = [...boot.filter((name) => KERNELS.test(name)).map((name) => `boot/${name}`), ...names].sort();
  const counted = new Set<number>();
  return Promise.all(
    paths.map(async (path) => ({ path, sizeBytes: await diskBytes(join(sysroot, path), device, counted) })),
  );
}

/** Removes them. The boot loader forgets the old system before the first of them goes. Whatever cuts it short, the next call goes on. */
export async function removeOldSystem(
  { sysroot }: Layout,
  items: readonly OldItem[],
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  if (isStartedByGrub(sysroot)) startGrubAlone(sysroot);
  let done = 0;
  for (const { path, sizeBytes } of items) {
    await rm(join(sysroot, path), { recursive: true, force: true });
    done += sizeBytes;
    onProgress(done);
  }
  syncPath(sysroot);
}

/** Each inode once, and nothing of another file system. */
async function diskBytes(path: string, device: number, counted: Set<number>): Promise<number> {
  const stat: Stats | undefined = lstatSync(path, { throwIfNoEntry: false });
  if (!stat || stat.dev !== device || counted.has(stat.ino)) return 0;
  counted.add(stat.ino);
  let bytes = stat.blocks * 512;
  if (stat.isDirectory())
    for (const name of await readdir(path, { encoding: 'buffer' }))
      bytes += await diskBytes(join(path, name.toString('latin1')), device, counted);
  return bytes;
}
