import { type Blocks, sameBlocks } from '../blocks.ts';
import { canonical, keepReferences, mapFor, maskReferences, putReferences } from '../exe/canonical.ts';
import { type Analysed, findReferences } from '../exe/find-references.ts';
import { findInJoined } from '../exe/joined.ts';
import { matchBlocks } from '../matcher.ts';
import { suffixArray } from '../suffix-array.ts';
import type { Base } from './base.ts';
import { BulkWriter } from './bulk.ts';
import { CostCounter } from './range-coder.ts';
import { type Plan, RecordCodec } from './record-codec.ts';

const ROUNDS = 2;
/** What a match must explain to start a block: the second is tried, too, where it can matter and takes little time. */
const GAINS = { program: [8, 14], other: [8, 24] } as const;
const FAR_GAIN = 4;
const TRIED_FROM_BYTES = 1 << 15;
const TRIED_TO_BYTES = 1 << 19;
/** Of Brotli, where only sizes are compared. */
const ESTIMATE_QUALITY = 5;

export interface Planned extends Plan {
  readonly analysed: Analysed;
  readonly bits: number;
}

/**
 * Tries the ways to make `wanted` from `old` and answers the smallest by what it really costs. Both arrays are changed meanwhile, as
 * copies would cost as much again; when this is over they are as before.
 */
export function planDiff(base: Base, wanted: Uint8Array, log?: (text: string) => void): Planned {
  const { bytes: old, ends } = base;
  const target = old.buffer === wanted.buffer ? new Uint8Array(wanted) : wanted;
  const before = findInJoined(old, ends);
  const after = findReferences(target);
  const executable = before.elf !== undefined && after.elf !== undefined && before.elf.machine === after.elf.machine;
  let best: Planned | undefined;
  const considered: Blocks[] = [];
  const consider = (blocks: Blocks, exe: boolean): boolean => {
    // A round often finds what the one before found.
    if (considered.some((other) => sameBlocks(other, blocks))) return false;
    considered.push(blocks);
    const counter = new CostCounter();
    const bulk = new BulkWriter(ESTIMATE_QUALITY);
    new RecordCodec(true).code(
      counter,
      bulk,
      base,
      () => {},
      target.length,
      target,
      { blocks, executable: exe },
      before,
    );
    counter.cost += bulk.size * 8;
    log?.(`${exe ? 'exe' : 'plain'} blocks ${blocks.count} bytes ${(counter.cost / 8).toFixed(0)}`);
    if (best && best.bits <= counter.cost) return false;
    best = { blocks, executable: exe, analysed: before, bits: counter.cost };
    return true;
  };
  const considerAll = (ways: readonly Blocks[], exe: boolean): boolean =>
    ways.map((blocks) => consider(blocks, exe)).includes(true);
  const suffixes = new Int32Array(old.length);
  const isTried = target.length >= TRIED_FROM_BYTES && target.length <= TRIED_TO_BYTES;
  const gains = GAINS[executable ? 'program' : 'other'].slice(0, isTried ? 2 : 1);
  const match = (): Blocks[] => {
    suffixArray(old, suffixes);
    return gains.map((gain) => matchBlocks(old, target, suffixes, { gain, farGain: FAR_GAIN }));
  };
  if (!executable) {
    considerAll(match(), false);
  } else {
    const kept = [keepReferences(old, before), keepReferences(target, after)] as const;
    const matchChanged = (change: () => void): Blocks[] => {
      try {
        change();
        return match();
      } finally {
        putReferences(old, before, kept[0]);
        putReferences(target, after, kept[1]);
      }
    };
    const masked = matchChanged(() => {
      maskReferences(old, before);
      maskReferences(target, after);
    });
    considerAll(masked, true);
    for (let round = 0; round < ROUNDS && best; round++) {
      const { map, names } = mapFor(best.blocks, old, before, target);
      const blocks = matchChanged(() => {
        canonical(old, before, map, names);
        canonical(target, after);
      });
      if (!considerAll(blocks, true)) break;
    }
  }
  if (!best) throw new Error('no plan');
  return best;
}
