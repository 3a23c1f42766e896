/**
 * Which version boots next. `rootfs/boot` is a symbolic link to one `config.N` folder that says it all; a choice writes a
 * new folder and then changes the link with one rename. A power cut at any point leaves the old choice or the new one.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { syncPath } from './disk-path.ts';
import { type Deployment, deploymentName, type Layout, parseDeploymentName } from './layout.ts';

export interface BootConfig {
  /** N of `config.N`. */
  readonly number: number;
  readonly current: Deployment;
  readonly previous?: Deployment;
  /** Starts left before the boot script goes back by itself; absent once the version is blessed. */
  readonly triesLeft?: number;
}

const CONFIG_NAME = /^config\.([1-9][0-9]{0,8})$/;
const TRIES_NAME = /^tries\+([0-9]{1,2})$/;
/** Beside `boot` until it takes its place. */
export const NEW_POINTER = 'boot.new';

export function parseConfigName(name: string): number | undefined {
  const digits = CONFIG_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What `boot` says; `undefined` when nothing was ever chosen. Fails with `IoError` when it says nothing sensible. */
export function readBootConfig(layout: Layout): BootConfig | undefined {
  const pointer = readLink(layout.bootPointer);
  if (pointer === undefined) return undefined;
  const number = parseConfigName(pointer);
  if (number === undefined) throw damaged(layout.bootPointer, `it points to "${pointer}"`);
  const folder = layout.config(number);
  const current = deploymentLink(join(folder, 'current'));
  if (current === undefined) throw damaged(folder, 'it has no "current"');
  const previous = deploymentLink(join(folder, 'previous'));
  const triesLeft = triesIn(folder)[0];
  return { number, current, ...(previous && { previous }), ...(triesLeft !== undefined && { triesLeft }) };
}

export interface Choice {
  readonly current: Deployment;
  readonly previous?: Deployment;
  /** Starts that a version on trial gets, 1–99; absent for one that has been blessed before. */
  readonly tries?: number;
}

/**
 * Makes `current` what boots next. Both deployments must be there. Returns when the choice is on the disk; when it fails,
 * the former choice stands (unless it fails in the last fsync: then the next start finds out).
 */
export function choose(layout: Layout, choice: Choice): BootConfig {
  const { current, previous, tries } = choice;
  if (tries !== undefined && !(Number.isInteger(tries) && tries >= 1 && tries <= 99))
    throw new RippleError('InvalidArgument', `tries must be 1 to 99, not ${tries}`);
  // A name without its tree, or a tree that is not on the disk yet, must never be pointed to.
  for (const deployment of previous ? [current, previous] : [current]) syncPath(layout.deployment(deployment));

  const number = Math.max(0, ...configNumbers(layout)) + 1;
  const folder = layout.config(number);
  mkdirSync(folder, { mode: 0o755 });
  symlinkSync(`../${deploymentName(current)}`, join(folder, 'current'));
  if (previous) symlinkSync(`../${deploymentName(previous)}`, join(folder, 'previous'));
  if (tries !== undefined) createSynced(join(folder, `tries+${tries}`));
  syncPath(folder);
  ensureLink(layout.rootfs, 'current', 'boot/current');
  ensureLink(layout.rootfs, 'previous', 'boot/previous');
  const pointer = join(layout.rootfs, NEW_POINTER);
  rmSync(pointer, { force: true });
  symlinkSync(`config.${number}`, pointer);
  syncPath(layout.rootfs);
  // The one commit point of an upgrade: before this rename the laptop is on the old choice, after it on the new one.
  renameSync(pointer, layout.bootPointer);
  syncPath(layout.rootfs);
  return { number, current, ...(previous && { previous }), ...(tries !== undefined && { triesLeft: tries }) };
}

/** The chosen version works: it needs no more tries. Doing it again changes nothing. */
export function bless(layout: Layout): void {
  const config = readBootConfig(layout);
  if (config?.triesLeft === undefined) return;
  const folder = layout.config(config.number);
  // The highest first: if this is cut short, fewer tries are left, never more.
  for (const tries of triesIn(folder).reverse()) unlinkSync(join(folder, `tries+${tries}`));
  syncPath(folder);
}

/** Numbers of all config folders, rising. */
export function configNumbers(layout: Layout): number[] {
  return readdirSync(layout.rootfs)
    .flatMap((name) => parseConfigName(name) ?? [])
    .sort((a, b) => a - b);
}

/** Tries that the file names say, rising; more than one only if the file system was damaged. */
function triesIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const digits = TRIES_NAME.exec(name)?.[1];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((a, b) => a - b);
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') throw damaged(path, 'it is not a symbolic link');
    throw error;
  }
}

function deploymentLink(path: string): Deployment | undefined {
  const target = readLink(path);
  if (target === undefined) return undefined;
  const deployment = target.startsWith('../') ? parseDeploymentName(target.slice(3)) : undefined;
  if (deployment === undefined) throw damaged(path, `it points to "${target}"`);
  return deployment;
}

function damaged(path: string, why: string): RippleError {
  return new RippleError('IoError', `${path} is damaged: ${why}; choose a version again`);
}

function ensureLink(folder: string, name: string, target: string): void {
  const path = join(folder, name);
  if (readLink(path) === target) return;
  const temporary = join(folder, `${name}.new`);
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}

function createSynced(path: string): void {
  const fd = openSync(path, 'wx', 0o644);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
