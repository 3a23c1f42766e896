import { RippleError } from '../../api/errors.ts';
import { BitModels } from './bit-models.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

/** Files that a record is made from besides its usual base, or instead of it. */
export interface Sources {
  /** Whether the base that goes without saying comes first. */
  readonly usual: boolean;
  readonly further: readonly Source[];
}

export type Source =
  /** What an earlier record of this stream made. */
  | { readonly kind: 'record'; readonly record: number }
  /** A file that the reader has; what the number means is known to whoever asked for the stream. */
  | { readonly kind: 'old'; readonly index: number };

export const USUAL: Sources = { usual: true, further: [] };
export const MAX_FURTHER = 4;
const COUNT_BITS = 3;
const SLOTS = { usual: 0, other: 1, kinds: 2, counts: 4 } as const;

/** Codes which files a record is made from: mostly the usual one, and then it costs next to nothing. */
export class SourceCodec {
  readonly #flags = new BitModels(SLOTS.counts + (1 << COUNT_BITS), 255);
  readonly #numbers = new NumberModels(2, 60);

  /** @throws RippleError `InvalidArgument` for a record that is not there, or too many */
  code(coder: BitCoder, record: number, given: Sources = USUAL): Sources {
    const flags = this.#flags;
    const isOther = !given.usual || given.further.length > 0;
    if (flags.code(coder, SLOTS.other, isOther ? 1 : 0) === 0) return USUAL;
    const usual = flags.code(coder, SLOTS.usual, given.usual ? 1 : 0) !== 0;
    const count = flags.codeTree(coder, SLOTS.counts, COUNT_BITS, given.further.length);
    if (count > MAX_FURTHER) throw damaged();
    const further: Source[] = [];
    for (let i = 0; i < count; i++) further.push(this.#source(coder, record, given.further[i]));
    return { usual, further };
  }

  #source(coder: BitCoder, record: number, given: Source | undefined): Source {
    if (this.#flags.code(coder, SLOTS.kinds, given?.kind === 'old' ? 1 : 0) !== 0)
      return { kind: 'old', index: this.#numbers.code(coder, 1, given?.kind === 'old' ? given.index : 0) };
    const back = 1 + this.#numbers.code(coder, 0, given?.kind === 'record' ? record - given.record - 1 : 0);
    if (back > record) throw damaged();
    return { kind: 'record', record: record - back };
  }
}

function damaged(): RippleError {
  return new RippleError('InvalidArgument', 'the bundle names a file that is not there; fetch it again');
}
