import type { Blocks } from '../blocks.ts';
import { canonical, mapFor, maskReferences } from '../exe/canonical.ts';
import { type Analysed, findReferences } from '../exe/find-references.ts';
import { matchBlocks } from '../matcher.ts';
import { BulkWriter } from './bulk.ts';
import { CostCounter } from './range-coder.ts';
import { type Plan, RecordCodec } from './record-codec.ts';

const ROUNDS = 2;
/** Of Brotli, where only sizes are compared. */
const ESTIMATE_QUALITY = 5;

export interface Planned extends Plan {
  readonly analysed: Analysed;
  readonly bits: number;
}

/** Tries the ways to make `target` from `old` and answers the smallest by what it really costs. */
export function planDiff(old: Uint8Array, target: Uint8Array, log?: (text: string) => void): Planned {
  const before = findReferences(old);
  const after = findReferences(target);
  const executable = before.elf !== undefined && after.elf !== undefined && before.elf.machine === after.elf.machine;
  let best: Planned | undefined;
  const consider = (blocks: Blocks, exe: boolean): boolean => {
    const counter = new CostCounter();
    const bulk = new BulkWriter(ESTIMATE_QUALITY);
    new RecordCodec().code(counter, bulk, old, () => {}, target.length, target, { blocks, executable: exe }, before);
    counter.cost += bulk.size * 8;
    log?.(`${exe ? 'exe' : 'plain'} blocks ${blocks.count} bytes ${(counter.cost / 8).toFixed(0)}`);
    if (best && best.bits <= counter.cost) return false;
    best = { blocks, executable: exe, analysed: before, bits: counter.cost };
    return true;
  };
  if (!executable) {
    consider(matchBlocks(old, target), false);
  } else {
    let blocks = matchBlocks(maskReferences(old, before), maskReferences(target, after));
    consider(blocks, true);
    const wanted = canonical(target, after);
    for (let round = 0; round < ROUNDS; round++) {
      const { map, names } = mapFor(blocks, old, before, target);
      blocks = matchBlocks(canonical(old, before, map, names), wanted);
      if (!consider(blocks, true)) break;
    }
  }
  if (!best) throw new Error('no plan');
  return best;
}
