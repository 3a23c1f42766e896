import { RippleError } from '../../api/errors.ts';
import { BlockList, type Blocks } from '../blocks.ts';
import { BitModels } from './bit-models.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

/** Blocks of one file that a decoder will hold: 12 bytes each, and as much again mapped. */
export const MAX_BLOCKS = 1 << 20;
const DIAGONALS = 3;

/**
 * Codes the list of blocks. Where a block begins in the old file is told by its diagonal (old position minus new position), which is
 * mostly one of the last few, or by how much of the old file was skipped.
 */
export class BlockCodec {
  private readonly flags = new BitModels(256, 60);
  private readonly adds = new NumberModels(4, 60);
  private readonly extras = new NumberModels(4, 60);
  private readonly seeks = new NumberModels(4, 60);

  code(coder: BitCoder, given: Blocks | undefined, newSize: number, oldSize: number): Blocks {
    const blocks = new BlockList();
    let at = 0;
    let oldEnd = 0;
    let lastExtra = 0;
    const recent = [0, 0, 0];
    let state = 0;
    while (at < newSize) {
      const i = blocks.count;
      if (i >= MAX_BLOCKS) throw new RippleError('InvalidArgument', 'the diff has too many blocks; fetch it again');
      const wanted = given ? (given.oldPositions[i] ?? 0) : 0;
      const pick = this.codeSeek(coder, wanted, at, oldEnd, lastExtra, recent, state);
      const oldPosition = pick.position;
      if (oldPosition < 0 || oldPosition > oldSize) throw outside();
      const room = Math.min(newSize - at, oldSize - oldPosition);
      const rest = newSize - at;
      // The last block of most files runs to the end.
      const toEnd = this.flags.code(coder, 64 + pick.kind, given && given.addBytes[i] === rest ? 1 : 0);
      let add = rest;
      let extra = 0;
      if (toEnd === 0) {
        add = this.adds.code(coder, pick.kind === 0 ? 0 : 1, given?.addBytes[i] ?? 0);
        if (add > room) throw outside();
        extra = add === rest ? 0 : this.extras.code(coder, 0, given?.extraBytes[i] ?? 0);
        if (extra > rest - add || add + extra === 0) {
          if (add + extra !== 0 || i !== 0) throw outside();
        }
      } else if (add > room) throw outside();
      blocks.push(add, extra, oldPosition);
      const diagonal = oldPosition - at;
      const known = recent.indexOf(diagonal);
      recent.splice(known < 0 ? DIAGONALS - 1 : known, 1);
      recent.unshift(diagonal);
      at += add + extra;
      oldEnd = oldPosition + add;
      lastExtra = extra;
      state = (state * 4 + pick.kind) & 15;
    }
    return blocks;
  }

  private codeSeek(
    coder: BitCoder,
    wanted: number,
    at: number,
    oldEnd: number,
    lastExtra: number,
    recent: readonly number[],
    state: number,
  ): { position: number; kind: number } {
    const context = 0;
    // Kind 0: one of the last diagonals; 1: right after the last block (an insertion); 2: further on or back; 3: anywhere.
    let kind = 0;
    let which = 0;
    if (coder.encoding) {
      which = recent.findIndex((d) => at + d === wanted);
      if (which < 0) kind = wanted === oldEnd ? 1 : Math.abs(wanted - oldEnd - lastExtra) < 65536 ? 2 : 3;
    }
    kind = this.flags.codeTree(coder, state * 4, 2, kind);
    if (kind === 0) {
      which = this.flags.codeTree(coder, 128 + context, 2, which);
      return { position: at + (recent[which] ?? 0), kind };
    }
    if (kind === 1) return { position: oldEnd, kind };
    if (kind === 2)
      return { position: oldEnd + lastExtra + this.seeks.codeSigned(coder, 0, wanted - oldEnd - lastExtra), kind };
    return { position: oldEnd + this.seeks.codeSigned(coder, 1, wanted - oldEnd), kind };
  }
}

function outside(): RippleError {
  return new RippleError('InvalidArgument', 'the diff points outside its files; fetch it again');
}
