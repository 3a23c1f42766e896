import { createHash } from 'node:crypto';
import { UnreadableStreamError } from '../deflate/format.ts';
import { correctionsOfLarge } from '../deflate/rebuild.ts';
import { putNumber } from '../deflate/recipe-numbers.ts';
import { STYLES, type StyleNumber } from '../deflate/style.ts';
import { MAX_RECIPE_BYTES } from '../deflate/unpacked.ts';
import type { UnpackedFrame } from './frame-archive.ts';
import type { NewFiles } from './known-files.ts';
import { FRAME_STYLE, type Piece, piecesOf, putTogether } from './put-together.ts';
import { skeletonOf, streamOf } from './skeleton.ts';

/** So much of the content is looked at to find the style. */
const LOOKED_AT_BYTES = 4 << 20;
/** Corrections that are taken to be chance, in what is looked at. */
const FEW_CORRECTIONS = 64;

/** A packed archive, taken apart. */
export interface Apart {
  readonly skeleton: Uint8Array;
  /** See `put-together.ts`. */
  readonly recipe: Uint8Array;
  /** For each member the new file that has its data; undefined: they are in the skeleton. */
  readonly members: readonly (number | undefined)[];
  /** Of an archive in a frame: whoever uses it sees to it that it comes out again. */
  readonly unpacked?: UnpackedFrame | undefined;
}

/** Undefined for what is no packed archive, or cannot be packed again from what is known. */
export function takeApart(file: Uint8Array, known: NewFiles): Apart | undefined {
  const from = streamOf(file);
  if (from === undefined) return undefined;
  try {
    const members: (number | undefined)[] = [];
    const { bytes, before, after, trailed, unpacked } = skeletonOf(file, from, ({ path }, sha256) => {
      const same = known.atPath(path);
      const number = same !== undefined && known.hasContent(same, sha256) ? same : known.withContent(sha256);
      members.push(number);
      return number !== undefined;
    });
    const style = unpacked ? FRAME_STYLE : styleOf(file, from);
    if (style === undefined) return undefined;
    const steps: number[] = [];
    for (const number of [before, after, trailed ? 1 : 0, style]) putNumber(steps, number);
    if (unpacked || style === FRAME_STYLE)
      return { skeleton: bytes, recipe: Uint8Array.from(steps), members, unpacked };
    const corrections = correctionsOfLarge(file, from, style, { maxBytes: MAX_RECIPE_BYTES - steps.length });
    const apart = { skeleton: bytes, recipe: Buffer.concat([Uint8Array.from(steps), corrections]), members };
    return comesOut(apart, file, known) ? apart : undefined;
  } catch (error) {
    if (error instanceof UnreadableStreamError) return undefined;
    throw error;
  }
}

function styleOf(file: Uint8Array, from: number): StyleNumber | undefined {
  return STYLES.find((style) => {
    try {
      correctionsOfLarge(file, from, style, { maxBytes: FEW_CORRECTIONS, maxContentBytes: LOOKED_AT_BYTES });
      return true;
    } catch (error) {
      if (error instanceof UnreadableStreamError) return false;
      throw error;
    }
  });
}

function comesOut({ skeleton, recipe, members }: Apart, file: Uint8Array, known: NewFiles): boolean {
  const hash = createHash('sha256');
  let next = 0;
  const pieces: Piece[] = piecesOf(skeleton, recipe, () => {
    const number = members[next++];
    return number === undefined ? undefined : known.file(number);
  });
  putTogether(skeleton, recipe, pieces, file.length, (bytes) => hash.update(bytes));
  return hash.digest('hex') === createHash('sha256').update(file).digest('hex');
}
