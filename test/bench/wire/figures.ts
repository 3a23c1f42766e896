/** What was measured, as the report needs it. Pure. */
import type { PairClass } from './pairs.ts';
import type { Outcome, ToolCost } from './rival.ts';

/** Names of Ripple's own rows. */
export const DIFFS = 'diffs';
export const BUNDLE = 'bundle';

export interface PairFigures {
  readonly name: string;
  readonly class: PairClass | 'tree';
  readonly versions: string;
  /** Changed files, each content once. */
  readonly files: number;
  readonly largestOldBytes: number;
  /** By the name of the program; the ones that failed are not there. */
  readonly tools: ReadonlyMap<string, Outcome>;
}

export function bytesOf({ tools }: PairFigures, tool: string): number | undefined {
  return tools.get(tool)?.bytes;
}

/** Bundle and release together: all that travels to a laptop that has the old version. */
export function updateBytesOf({ tools }: PairFigures): number | undefined {
  const bundle = tools.get(BUNDLE);
  return bundle && bundle.bytes + (bundle.releaseBytes ?? 0);
}

/** The rival that needs the fewest bytes. */
export function bestRival({ tools }: PairFigures): { readonly name: string; readonly bytes: number } | undefined {
  let best: { name: string; bytes: number } | undefined;
  for (const [name, { bytes }] of tools)
    if (name !== DIFFS && name !== BUNDLE && (!best || bytes < best.bytes)) best = { name, bytes };
  return best;
}

/** Memory that a program took for the work itself, without what its interpreter is at rest. */
export function workBytes({ peakBytes, restBytes = 0 }: ToolCost): number {
  return Math.max(0, peakBytes - restBytes);
}

export function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
