/** What lies on a sysroot, why it is kept or may go, and what that would free. */
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../core/entry.ts';
import type { Backend } from '../deploy/backend.ts';
import { readBootConfig } from '../deploy/boot-config.ts';
import { type Deployment, deploymentName, type Layout } from '../deploy/layout.ts';
import { leftoversIn, recover, surveyDeployments } from '../deploy/recover.ts';
import { removeDeployment, type Verdict } from '../deploy/removal.ts';
import { MAX_DOCUMENT_BYTES, parseRelease } from '../image/documents.ts';
import { parseManifest } from '../image/manifest.ts';
import { readSignedMessage } from '../sign/packets.ts';
import { readMemory } from './memory.ts';

export interface GarbageItem {
  readonly name: string;
  /** booted, current, previous, staged. */
  readonly roles: readonly string[];
  readonly isKept: boolean;
  readonly reason: string;
  /** What nothing else needs: of a version, the content that no version that is kept has. */
  readonly sizeBytes: number;
}

export interface GarbageOptions {
  readonly layout: Layout;
  readonly booted: Deployment | undefined;
}

const WHY: Readonly<Record<Verdict['reason'], string>> = {
  booted: 'it runs now',
  current: 'it is chosen for the next start',
  previous: 'it is the way back',
  staged: 'it waits to be chosen',
  'nothing chosen': 'nothing is chosen, so nothing is known to be superfluous',
  'current version not blessed yet': 'the chosen version has not shown yet that it works',
  'no manifest or release': 'its manifest or release is missing: it can be neither verified nor chosen',
  superseded: 'a newer version runs, and another is the way back',
};

/** Changes nothing. Rows that may go first free what they say when all of them go. */
export function surveyGarbage({ layout, booted }: GarbageOptions): GarbageItem[] {
  const verdicts = surveyDeployments(layout, booted ? { booted } : {});
  const leftovers = leftoversIn(layout).map((name) => ({
    name,
    roles: [],
    isKept: false,
    reason: name.startsWith('rootfs/config.') ? 'a former choice' : 'left half done, by a power cut for example',
    sizeBytes: diskBytes(join(layout.sysroot, name)),
  }));
  return [...versions(layout, verdicts, booted), ...leftovers, ...downloads(layout, verdicts), ...bundles(layout)];
}

/** Removes what may go. The caller holds the lock of the sysroot, so nothing is being staged. */
export async function collectGarbage(options: GarbageOptions & { readonly backend: Backend }): Promise<void> {
  const { layout, booted, backend } = options;
  const { deployments } = await recover(layout, { backend, ...(booted ? { booted } : {}) });
  for (const verdict of deployments) {
    if (!verdict.removable) continue;
    await removeDeployment(layout, verdict, backend);
    for (const path of [layout.manifest(verdict.deployment), layout.release(verdict.deployment)])
      rmSync(path, { force: true });
  }
  for (const name of superfluousBlobs(layout, surveyDeployments(layout, booted ? { booted } : {})))
    rmSync(join(layout.blobs, name), { force: true });
}

function versions(layout: Layout, verdicts: readonly Verdict[], booted: Deployment | undefined): GarbageItem[] {
  const config = readBootConfig(layout);
  const counted = new Set<string>();
  const filesOf = ({ deployment }: Verdict) => manifestOf(layout, deployment).filter((entry) => entry.type === 'file');
  for (const kept of verdicts) if (!kept.removable) for (const { sha256 } of filesOf(kept)) counted.add(sha256);
  return verdicts.map((verdict) => {
    const name = deploymentName(verdict.deployment);
    const is = (one: Deployment | undefined) => one !== undefined && deploymentName(one) === name;
    let sizeBytes = 0;
    if (verdict.removable)
      for (const { sha256, sizeBytes: bytes } of filesOf(verdict)) {
        if (!counted.has(sha256)) sizeBytes += bytes;
        counted.add(sha256);
      }
    const roles = [
      ...(is(booted) ? ['booted'] : []),
      ...(is(config?.current) ? ['current'] : []),
      ...(is(config?.previous) ? ['previous'] : []),
      ...(verdict.reason === 'staged' ? ['staged'] : []),
    ];
    return { name, roles, isKept: !verdict.removable, reason: WHY[verdict.reason], sizeBytes };
  });
}

function downloads(layout: Layout, verdicts: readonly Verdict[]): GarbageItem[] {
  const names = superfluousBlobs(layout, verdicts);
  const goal = readMemory(layout.stateFile).goal ?? 0;
  const size = (all: readonly string[]): number =>
    all.reduce((sum, name) => sum + diskBytes(join(layout.blobs, name)), 0);
  const item = { name: 'downloads', roles: [] };
  if (goal > 0)
    return [{ ...item, isKept: true, reason: `version ${goal} is being got`, sizeBytes: size(namesIn(layout.blobs)) }];
  return names.length === 0
    ? []
    : [{ ...item, isKept: false, reason: 'of a version that is not being got any more', sizeBytes: size(names) }];
}

function bundles(layout: Layout): GarbageItem[] {
  const sizeBytes = diskBytes(layout.bundles);
  const reason = 'given to neighbours; the space is bounded by bundles.space';
  return sizeBytes === 0 ? [] : [{ name: 'bundles', roles: [], isKept: true, reason, sizeBytes }];
}

/** Names in the blob cache that no version here needs and nobody is fetching. Notes are what versions need. */
function superfluousBlobs(layout: Layout, verdicts: readonly Verdict[]): string[] {
  if ((readMemory(layout.stateFile).goal ?? 0) > 0) return [];
  const notes = new Set(
    verdicts.flatMap(({ deployment, removable }) => {
      if (removable) return [];
      try {
        const release = readFileSync(layout.release(deployment));
        return [parseRelease(readSignedMessage(release, MAX_DOCUMENT_BYTES).payload).notes.sha256];
      } catch {
        return [];
      }
    }),
  );
  return namesIn(layout.blobs).filter((name) => !notes.has(name));
}

/** Of a version without a manifest nothing is known: it is said to free nothing. */
function manifestOf(layout: Layout, deployment: Deployment): readonly Entry[] {
  try {
    return parseManifest(readFileSync(layout.manifest(deployment)));
  } catch {
    return [];
  }
}

/** Blocks of all files below `path` that have no name elsewhere. */
function diskBytes(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.nlink === 1 ? stat.blocks * 512 : 0;
  return readdirSync(path, { encoding: 'buffer' }).reduce(
    (sum, name) => sum + diskBytes(join(path, name.toString('latin1'))),
    0,
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
