/**
 * What a start does before anything else: takes away what a power cut left half done. Every step can be cut short and
 * done again; nothing that runs, may run next, or is the way back is touched. The daemon holds the sysroot's lock meanwhile.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { asRippleError } from '../api/errors.ts';
import { UNFINISHED } from '../sys/durable.ts';
import { type Backend, HardLinkBackend } from './backend.ts';
import { type BootConfig, NEW_POINTER, parseConfigName, readBootConfig } from './boot-config.ts';
import { PROBES } from './choose-backend.ts';
import { lstatIfThere, syncPath } from './disk-path.ts';
import { type Deployment, type Layout, parseDeploymentName } from './layout.ts';
import { DELETING, removableDeployments, type Verdict } from './removal.ts';

export interface SurveyOptions {
  readonly booted?: Deployment;
  /** What the engine means to offer, besides what is newer than the current version. */
  readonly staged?: readonly Deployment[];
}

export interface RecoverOptions extends SurveyOptions {
  readonly backend?: Backend;
}

export interface Recovery {
  readonly config: BootConfig | undefined;
  /** The boot pointer cannot be understood: why. Then no configuration and no deployment is removed. */
  readonly damage?: string;
  /** Names under the sysroot that were removed. */
  readonly removed: readonly string[];
  /** What is on the disk, and what may go: `removeDeployment` takes these. */
  readonly deployments: readonly Verdict[];
  /** Deployments that lack their manifest or release, and so cannot be verified, repaired, shared or chosen. */
  readonly unusable: readonly Deployment[];
}

/** Only at a start, before any staging begins: a `.partial` that is being written would be taken away. */
export async function recover(layout: Layout, options: RecoverOptions = {}): Promise<Recovery> {
  const backend = options.backend ?? new HardLinkBackend();
  mkdirSync(layout.rootfs, { recursive: true, mode: 0o700 });
  const pointer = readPointer(layout);
  const removed = leftoversIn(layout);
  for (const name of removed) await backend.removeTree(join(layout.sysroot, name));
  if (removed.length > 0) syncPath(layout.rootfs);

  const deployments = surveyDeployments(layout, options);
  const unusable = deployments.map(({ deployment }) => deployment).filter((one) => !isUsable(layout, one));
  return { ...pointer, removed, deployments, unusable };
}

/** What is on the disk and what may go, at any time. Changes nothing. */
export function surveyDeployments(layout: Layout, options: SurveyOptions = {}): Verdict[] {
  return removableDeployments({
    deployments: deploymentsIn(layout),
    config: readPointer(layout).config,
    booted: options.booted,
    staged: options.staged ?? [],
    usable: (deployment) => isUsable(layout, deployment),
  });
}

/** Every deployment under `rootfs`, whole by its name. */
export function deploymentsIn(layout: Layout): Deployment[] {
  return readdirSync(layout.rootfs, { withFileTypes: true })
    .flatMap((item) => (item.isDirectory() ? (parseDeploymentName(item.name) ?? []) : []))
    .sort((a, b) => (a.image === b.image ? a.version - b.version : a.image < b.image ? -1 : 1));
}

/** Its manifest and its release are here: it can be verified, shared with and chosen. */
export function isUsable(layout: Layout, deployment: Deployment): boolean {
  return existsSync(layout.manifest(deployment)) && existsSync(layout.release(deployment));
}

function readPointer(layout: Layout): { config: BootConfig | undefined; damage?: string } {
  try {
    return { config: readBootConfig(layout) };
  } catch (error) {
    return { config: undefined, damage: asRippleError(error).message };
  }
}

/** Names under the sysroot of what was left half done, and is no part of anything. */
export function leftoversIn(layout: Layout): string[] {
  const pointer = readPointer(layout);
  const inRootfs = readdirSync(layout.rootfs)
    .sort()
    .filter((name) => isLeftover(name, pointer));
  const repairs = [layout.repair, layout.rsync, ...deploymentsIn(layout).map((one) => layout.repairInside(one))];
  // A version that is never asked for again would leave its own for good.
  const documents = layout.documents
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(UNFINISHED));
  return [
    ...inRootfs.map((name) => `rootfs/${name}`),
    ...[...repairs.filter((folder) => lstatIfThere(folder)), ...documents].map((path) =>
      relative(layout.sysroot, path),
    ),
  ];
}

/** Names that only exist between two steps of this program. Anything else is somebody's, and stays. */
function isLeftover(name: string, pointer: { config: BootConfig | undefined; damage?: string }): boolean {
  if (name === NEW_POINTER || name === 'current.new' || name === 'previous.new' || PROBES.includes(name)) return true;
  for (const ending of ['.partial', '.rescue', DELETING])
    if (name.endsWith(ending) && parseDeploymentName(name.slice(0, -ending.length))) return true;
  const number = parseConfigName(name);
  return number !== undefined && pointer.damage === undefined && number !== pointer.config?.number;
}
