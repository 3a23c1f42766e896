/** Which deployments may go, and taking them away so that a half-removed tree is never taken for a whole one. */
import { renameSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { type Backend, HardLinkBackend } from './backend.ts';
import type { BootConfig } from './boot-config.ts';
import { syncPath } from './disk-path.ts';
import { type Deployment, deploymentName, type Layout } from './layout.ts';

export interface KeepFacts {
  /** Every deployment under `rootfs`. */
  readonly deployments: readonly Deployment[];
  /** `undefined`: nothing was ever chosen, or the pointer is damaged. */
  readonly config: BootConfig | undefined;
  readonly booted: Deployment | undefined;
  /** What the engine has staged and means to offer. */
  readonly staged: readonly Deployment[];
  /** Its manifest and release are here. */
  readonly usable: (deployment: Deployment) => boolean;
}

export interface Verdict {
  readonly deployment: Deployment;
  readonly removable: boolean;
  readonly reason:
    | 'booted'
    | 'current'
    | 'previous'
    | 'staged'
    | 'nothing chosen'
    | 'current version not blessed yet'
    | 'no manifest or release'
    | 'superseded';
}

/** Decides for each deployment whether it may go. Whatever runs, may run next, or is the way back, stays. */
export function removableDeployments(facts: KeepFacts): Verdict[] {
  return facts.deployments.map((deployment) => {
    const reason = reasonFor(deployment, facts);
    return { deployment, reason, removable: reason === 'superseded' || reason === 'no manifest or release' };
  });
}

function reasonFor(deployment: Deployment, facts: KeepFacts): Verdict['reason'] {
  const { config, booted, staged, usable } = facts;
  const is = (other: Deployment | undefined) =>
    other !== undefined && deploymentName(other) === deploymentName(deployment);
  if (is(booted)) return 'booted';
  if (config === undefined) return 'nothing chosen';
  if (is(config.current)) return 'current';
  if (is(config.previous)) return 'previous';
  if (staged.some(is)) return 'staged';
  // Newer than what was chosen: staged just before the engine could write that down.
  if (usable(deployment) && deployment.image === config.current.image && deployment.version > config.current.version)
    return 'staged';
  // Until the new version has shown that it works, everything that was there before stays.
  if (config.triesLeft !== undefined) return 'current version not blessed yet';
  return usable(deployment) ? 'superseded' : 'no manifest or release';
}

/** A tree with this ending is being removed; `recover` goes on with it. */
export const DELETING = '.deleting';

/** Removes one deployment: first its name, then its files. `WrongState` unless `verdict` allows it. */
export async function removeDeployment(
  layout: Layout,
  verdict: Verdict,
  backend: Backend = new HardLinkBackend(),
): Promise<void> {
  const name = deploymentName(verdict.deployment);
  if (!verdict.removable) throw new RippleError('WrongState', `${name} cannot be removed: ${verdict.reason}`);
  const doomed = `${layout.deployment(verdict.deployment)}${DELETING}`;
  await backend.removeTree(doomed);
  renameSync(layout.deployment(verdict.deployment), doomed);
  syncPath(layout.rootfs);
  await backend.removeTree(doomed);
}
