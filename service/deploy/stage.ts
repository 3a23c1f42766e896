/** Staging: a whole new tree beside the old ones, sharing with one of them what is equal. Nothing is switched here. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { Entry } from '../core/entry.ts';
import { planStage, type StagePlan } from '../core/plan.ts';
import type { BlobRef } from '../core/ports.ts';
import { assertTreeShape } from '../core/tree-shape.ts';
import { type Backend, HardLinkBackend } from './backend.ts';
import { syncPath } from './disk-path.ts';
import { EarlyFlush } from './early-flush.ts';
import { type Deployment, deploymentName, type Layout } from './layout.ts';
import { Pace, throwIfCancelled } from './pace.ts';
import { trimSnapshot } from './snapshot.ts';
import { noSpaceDuringStage } from './space.ts';
import { TreeBuilder } from './tree-builder.ts';

export interface StageOptions {
  readonly layout: Layout;
  readonly target: Deployment;
  readonly manifest: readonly Entry[];
  /** A deployment that is here, to share with. `root`: where its tree lies, if it has no name under `rootfs`. */
  readonly base?: { readonly deployment: Deployment; readonly manifest: readonly Entry[]; readonly root?: string };
  /** The plan for exactly this manifest and base, if it was made already. */
  readonly plan?: StagePlan;
  /** Where the whole, checked content of a blob lies; on the same file system it becomes a part of the tree. */
  readonly blobPath: (sha256: string) => string | undefined;
  /** Gets a blob that the plan did not ask for, because a file of the base is damaged. Without it that fails with `NoSource`. */
  readonly fetchBlob?: (ref: BlobRef) => Promise<string>;
  readonly backend?: Backend;
  readonly signal?: AbortSignal;
  /** Content bytes, linked ones too; a hundred times a second at most. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface StageResult {
  readonly linked: number;
  readonly copied: number;
  /** Blobs whose content is in the tree now: the cache may drop these. */
  readonly usedBlobs: ReadonlySet<string>;
}

/**
 * Writes `rootfs/<name>.partial`, forces it to the disk, and gives it its name. A leftover `.partial` is thrown away: its
 * blobs are still in the cache, where they stay until the caller drops `usedBlobs`. Fails with `WrongState` (already
 * here), `NoSpace`, `NoSource`, `HashMismatch`, `Cancelled`, `IoError`; then nothing is left behind.
 */
export async function stage(options: StageOptions): Promise<StageResult> {
  const { layout, target, manifest, base, signal } = options;
  const backend = options.backend ?? new HardLinkBackend();
  const name = deploymentName(target);
  const [final, partial] = [layout.deployment(target), layout.partial(target)];
  assertTreeShape(manifest);
  if (existsSync(final)) throw new RippleError('WrongState', `${name} is already on this laptop`);
  const plan = options.plan ?? planStage(manifest, base?.manifest, (sha256) => options.blobPath(sha256) !== undefined);

  // Not for other people: an old tree holds old setuid programs.
  mkdirSync(layout.rootfs, { recursive: true, mode: 0o700 });
  await backend.removeTree(partial);
  let flush: EarlyFlush | undefined;
  try {
    const baseRoot = base && (base.root ?? layout.deployment(base.deployment));
    const filled = backend.createTree(partial, baseRoot);
    flush = new EarlyFlush(partial);
    const builder = new TreeBuilder({
      backend,
      root: partial,
      baseRoot,
      kept: filled ? await trimSnapshot(partial, plan.steps, new Pace(signal)) : new Set(),
      blobPath: options.blobPath,
      fetchBlob: options.fetchBlob,
      pace: new Pace(signal),
    });
    await build(builder, flush, plan, options);
    await flush.finish();
    throwIfCancelled(signal);
    // From here on it is staged: whole and on the disk before it has its name.
    renameSync(partial, final);
    syncPath(layout.rootfs);
    return { linked: builder.linked, copied: builder.copied, usedBlobs: builder.usedBlobs };
  } catch (error) {
    const told = explain(error, options, plan);
    await backend.removeTree(partial).catch(() => undefined);
    throw told;
  } finally {
    await flush?.close();
  }
}

async function build(
  builder: TreeBuilder,
  flush: EarlyFlush,
  plan: StagePlan,
  { signal, onProgress }: StageOptions,
): Promise<void> {
  const pace = new Pace(signal);
  throwIfCancelled(signal);
  let doneBytes = 0;
  // The blobs, which become files of the tree.
  flush.wrote(plan.fetchBytes);
  for (const step of plan.steps) {
    const moving = builder.place(step);
    if (moving) await moving;
    if (step.entry.type === 'file' && step.kind !== 'peer') doneBytes += step.entry.sizeBytes;
    if (step.kind === 'copy') flush.wrote(step.entry.sizeBytes);
    if (pace.due) {
      onProgress?.(doneBytes, plan.totalBytes);
      await pace.breathe();
    }
  }
  await builder.finish();
  onProgress?.(doneBytes, plan.totalBytes);
}

function explain(error: unknown, { layout, target }: StageOptions, plan: StagePlan): RippleError {
  const known = asRippleError(error);
  if (known.code === 'NoSpace') return noSpaceDuringStage(layout, target, plan, known);
  return known;
}
