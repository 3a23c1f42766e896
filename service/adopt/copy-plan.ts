/** Plans that copy everything from where it is: nothing is shared with a tree that is still written to. */
import type { Entry, FileEntry } from '../core/entry.ts';
import { planStage, type StagePlan, type StageStep } from '../core/plan.ts';

/**
 * Every file of `entries` copied from the tree they were read from. A hard link would cost no room, but it would be the same
 * inode as the running system's, and the first program there that writes into a file would change the version.
 */
export function copyPlan(entries: readonly Entry[]): StagePlan {
  const shared = planStage(entries, entries, () => false);
  let [copied, copyBytes] = [0, 0];
  const steps = shared.steps.map((step): StageStep => {
    if (step.kind !== 'link') return step;
    if (step.entry.type === 'link') return { kind: 'make', entry: step.entry };
    copied++;
    copyBytes += step.entry.sizeBytes;
    return { kind: 'copy', entry: step.entry, from: fileOf(step.from, step.entry) };
  });
  return { ...shared, steps, linked: 0, copied, newBytes: copyBytes };
}

function fileOf(from: Entry, entry: FileEntry): FileEntry {
  return from.type === 'file' ? from : entry;
}
