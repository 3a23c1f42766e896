/** Which back end suits the file system of a sysroot, found out by trying. */
import { constants, copyFileSync, mkdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { createSubvolume } from '../sys/btrfs.ts';
import { type Backend, type BackendName, HardLinkBackend, ReflinkBackend } from './backend.ts';
import { BtrfsBackend } from './btrfs-backend.ts';
import type { Layout } from './layout.ts';

/** What is tried with; a power cut may leave it. */
export const PROBES: readonly string[] = ['probe.new', 'probe-clone.new'];

/** `auto`: snapshots where there are subvolumes, else reflinks, else hard links. @throws RippleError `InvalidArgument`. */
export function chooseBackend(layout: Layout, wanted: BackendName | 'auto'): Backend {
  mkdirSync(layout.rootfs, { recursive: true, mode: 0o700 });
  const [probe = '', clone = ''] = PROBES.map((name) => join(layout.rootfs, name));
  const can = (name: BackendName): boolean =>
    name === 'hardlink' || (name === 'btrfs' ? makesSubvolumes(probe) : makesClones(probe, clone));
  if (wanted !== 'auto' && !can(wanted))
    throw new RippleError(
      'InvalidArgument',
      `the file system of ${layout.sysroot} has no ${wanted === 'btrfs' ? 'subvolumes' : 'reflinks'}: set trees.backend to "auto"`,
    );
  const name = wanted === 'auto' ? (['btrfs', 'reflink', 'hardlink'] as const).find(can) : wanted;
  if (name === 'btrfs') return new BtrfsBackend();
  return name === 'reflink' ? new ReflinkBackend() : new HardLinkBackend();
}

function makesSubvolumes(probe: string): boolean {
  return works(() => {
    createSubvolume(probe);
    // As a folder: an ordinary user may do that, too.
    rmdirSync(probe);
  });
}

function makesClones(probe: string, clone: string): boolean {
  try {
    return works(() => {
      // A file of a whole block: the smallest may have no extent that could be shared.
      writeFileSync(probe, Buffer.alloc(statfsSync(join(probe, '..')).bsize, 1));
      copyFileSync(probe, clone, constants.COPYFILE_FICLONE_FORCE);
    });
  } finally {
    for (const path of [probe, clone]) rmSync(path, { force: true });
  }
}

function works(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
