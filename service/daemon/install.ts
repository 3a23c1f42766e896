/**
 * Writes a version from a repository into an empty sysroot and chooses it, as whoever prepares laptops does: checked like
 * any other, without a running daemon.
 */
import { readFileSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { planStage } from '../core/plan.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import type { BackendName } from '../deploy/backend.ts';
import { choose, readBootConfig } from '../deploy/boot-config.ts';
import { chooseBackend } from '../deploy/choose-backend.ts';
import { type Deployment, Layout } from '../deploy/layout.ts';
import { stage } from '../deploy/stage.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import { fetchBlobs } from '../fetch/swarm.ts';
import { parseManifest } from '../image/manifest.ts';
import { BlobCache } from '../store/blob-cache.ts';
import { writeDurablySync } from '../sys/durable.ts';
import { Memory } from './memory.ts';
import { TrustKeeper } from './trust-keeper.ts';

export interface InstallOptions {
  readonly sysroot: string;
  readonly repository: string;
  readonly keyring: string;
  readonly image: string;
  readonly version: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** `auto` when it is not given. */
  readonly backend?: BackendName;
}

/** @throws RippleError as a fetch would; `WrongState` when the version is there already. */
export async function installVersion(options: InstallOptions): Promise<void> {
  const layout = new Layout(options.sysroot);
  const existing = await stageVersion(options);
  const current = { image: options.image, version: options.version };
  choose(layout, { current, ...(existing ? { previous: existing } : {}) });
}

/** As `installVersion`, but leaves it staged. Answers the deployment that is chosen, if there is one. */
export async function stageVersion(options: InstallOptions): Promise<Deployment | undefined> {
  const { image, version, signal, clock, logger } = options;
  const layout = new Layout(options.sysroot);
  const target: Deployment = { image, version };
  const source = new FolderSource(options.repository);
  const trust = TrustKeeper.open(options.keyring, layout, Memory.open(layout.stateFile), logger);
  await trust.advance(source, signal);
  await trust.latest(source, image, signal);
  const release = await trust.release(source, image, version, 0, signal);
  if (!release) throw new RippleError('UnknownVersion', `${options.repository} has no version ${version} of ${image}`);
  const cache = new BlobCache(layout.blobs);
  const fetching = { sources: () => [source], cache, ledger: new SourceLedger(), clock, signal };
  await fetchBlobs([release.manifest, release.notes], fetching);
  const manifestBytes = readFileSync(cache.path(release.manifest.sha256));
  const manifest = parseManifest(manifestBytes);
  const existing = readBootConfig(layout);
  const base = existing && {
    deployment: existing.current,
    manifest: parseManifest(readFileSync(layout.manifest(existing.current))),
  };
  const plan = planStage(manifest, base?.manifest, () => false);
  await fetchBlobs(plan.fetch, fetching);
  writeDurablySync(layout.manifest(target), manifestBytes);
  await stage({
    layout,
    backend: chooseBackend(layout, options.backend ?? 'auto'),
    target,
    manifest,
    plan,
    blobPath: (sha256) => cache.path(sha256),
    signal,
    ...(base ? { base } : {}),
  });
  cache.clear(new Set([release.notes.sha256]));
  return existing?.current;
}
