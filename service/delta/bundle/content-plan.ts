/** From what one new content is made, decided by what it really costs. */
import type { NewFiles } from '../archive/known-files.ts';
import {
  type Base,
  type FilePlan,
  joined,
  NO_BASE,
  planFile,
  type SolidRecord,
  type Source,
  USUAL,
} from '../ripdiff/index.ts';
import type { Candidate, Found } from './further-bases.ts';

/** What costs so little needs no other base: in bytes, and as a part of the content. */
const GOOD_BYTES = 256;
const GOOD_SHARE = 1 / 256;
/** Above this a plan takes long: what is likely the better base is tried first. */
const LARGE_BYTES = 1 << 20;
/** To name another base. */
const SOURCE_BITS = 40;

export interface ContentPlanOptions {
  readonly target: Uint8Array;
  /** What the reader expects it to be made from. */
  readonly usual: Uint8Array | undefined;
  /** Searches a further base. */
  readonly find: () => Found | undefined;
  readonly read: (candidate: Candidate) => Uint8Array;
  /** Files that are there when this content comes. */
  readonly known: NewFiles | undefined;
  readonly log: ((text: string) => void) | undefined;
}

type Planned = Pick<SolidRecord, 'base' | 'sources'> & { readonly base: Base; readonly plan: FilePlan };

export function planContent(options: ContentPlanOptions): Planned {
  const { target, usual, find, read, known, log } = options;
  const isGood = ({ plan }: Planned): boolean => plan.plan.bits / 8 <= Math.max(GOOD_BYTES, target.length * GOOD_SHARE);
  const planned = (base: Base, sources = USUAL, files?: NewFiles): Planned => ({
    base,
    sources,
    plan: planFile(base, target, log, files),
  });
  const asUsual = (files?: NewFiles): Planned => planned(usual ? joined([usual]) : NO_BASE, USUAL, files);
  let best = known && asUsual(known);
  // Its members come from elsewhere, and it takes long.
  if (best && (best.plan.archive || isGood(best))) return best;
  const foundFirst = target.length >= LARGE_BYTES ? find() : undefined;
  if (!best && !foundFirst?.isBetter) {
    best = asUsual();
    if (isGood(best)) return best;
  }
  const found = foundFirst ?? (target.length >= LARGE_BYTES ? undefined : find());
  if (!found) return best ?? asUsual();
  const bytes = read(found.candidate);
  const further = [sourceOf(found.candidate)];
  if (found.isBetter || !usual) {
    best = smaller(best, planned(joined([bytes]), { usual: false, further }));
    if (isGood(best)) return best;
  }
  if (usual) best = smaller(best, planned(joined([usual, bytes]), { usual: true, further }));
  return best ?? asUsual();
}

function smaller(a: Planned | undefined, b: Planned): Planned {
  return a && a.plan.plan.bits <= b.plan.plan.bits + SOURCE_BITS ? a : b;
}

/** Record 0 of a bundle is no content. */
function sourceOf({ from }: Candidate): Source {
  return from.kind === 'old' ? { kind: 'old', index: from.number } : { kind: 'record', record: from.number + 1 };
}
