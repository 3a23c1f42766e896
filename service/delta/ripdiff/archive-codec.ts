import type { KnownFile, KnownFiles } from '../archive/known-files.ts';
import type { Place } from '../archive/places.ts';
import { type Piece, piecesOf } from '../archive/put-together.ts';
import type { Member } from '../archive/walk.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { BitModels } from './bit-models.ts';
import { NumberModels } from './numbers.ts';
import type { BitCoder } from './range-coder.ts';

const SLOTS = { asExpected: 0, elsewhere: 4 } as const;

/** Codes for each member of an archive which file has its data: mostly that of the same path, and then it costs next to nothing. */
export class ArchiveCodec {
  readonly #flags = new BitModels(8, 255);
  readonly #steps = new NumberModels(1, 60);

  /**
   * What was packed, from the skeleton. `given`: the number of each member's file; undefined: its data are in the skeleton.
   * @throws RippleError `InvalidArgument` for a file that is not there
   */
  code(
    coder: BitCoder,
    skeleton: Uint8Array,
    recipe: Uint8Array,
    known: KnownFiles,
    given?: readonly (number | undefined)[],
    placed?: (place: Place) => void,
  ): Piece[] {
    let next = 0;
    let last = 0;
    let before = 0;
    return piecesOf(
      skeleton,
      recipe,
      (member): KnownFile | undefined => {
        const actual = given?.[next++];
        const expected = expectedFor(member, known);
        const context = before * 2;
        let number: number | undefined;
        before = 0;
        if (
          expected !== undefined &&
          this.#flags.code(coder, SLOTS.asExpected + context, actual === expected ? 1 : 0) !== 0
        ) {
          number = expected;
          before = 1;
        } else if (this.#flags.code(coder, SLOTS.elsewhere + context, actual === undefined ? 0 : 1) !== 0) {
          number = last + this.#steps.codeSigned(coder, 0, (actual ?? 0) - last);
        }
        if (number === undefined) return undefined;
        last = number + 1;
        const file = known.file(number);
        if (!file) throw new UnreadableStreamError('a file that is not there');
        return file;
      },
      placed,
    );
  }
}

function expectedFor({ path, sizeBytes }: Member, known: KnownFiles): number | undefined {
  const number = known.atPath(path);
  return number !== undefined && known.file(number)?.sizeBytes === sizeBytes ? number : undefined;
}
