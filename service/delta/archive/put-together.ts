/**
 * A packed archive made from its skeleton, files that are known, and a recipe: LEB128 numbers (bytes of the skeleton before what was
 * packed, and after; 1 if a trailer of gzip follows; the style of the deflate stream, or `FRAME_STYLE`), then the stream's corrections.
 */
import { RippleError } from '../../api/errors.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { Trailer } from '../deflate/members.ts';
import { rebuildLargeStream } from '../deflate/rebuild.ts';
import { Numbers } from '../deflate/recipe-numbers.ts';
import type { KnownFile } from './known-files.ts';
import type { Place } from './places.ts';
import { Pulled } from './pulled.ts';
import { MAX_CONTENT_BYTES } from './skeleton.ts';
import { type Member, walkArchive } from './walk.ts';

/** In place of a style: packed in a Zstandard frame. */
export const FRAME_STYLE = 255;

/** Bytes of the skeleton, or a file. */
export type Piece = { readonly bytes: Uint8Array } | { readonly file: KnownFile };

interface Recipe {
  readonly before: number;
  readonly after: number;
  readonly trailed: boolean;
  readonly style: number;
  readonly corrections: Uint8Array;
}

function readRecipe(skeleton: Uint8Array, recipe: Uint8Array): Recipe {
  const numbers = new Numbers(recipe);
  const [before, after, trailed, style] = [numbers.next(), numbers.next(), numbers.next() === 1, numbers.next()];
  if (before + after > skeleton.length) throw new UnreadableStreamError('a recipe that makes no sense');
  return { before, after, trailed, style, corrections: numbers.rest() };
}

/** What stands before the frame and after it; undefined where it is no frame. */
export function aroundFrame(
  skeleton: Uint8Array,
  recipe: Uint8Array,
): { readonly before: Uint8Array; readonly after: Uint8Array } | undefined {
  const { before, after, style } = readRecipe(skeleton, recipe);
  if (style !== FRAME_STYLE) return undefined;
  return { before: skeleton.subarray(0, before), after: skeleton.subarray(skeleton.length - after) };
}

/** What was packed, in order. `fileOf` is asked about each member, and says which file has its data, if they are not in the skeleton; `placed` is told where they stand. */
export function piecesOf(
  skeleton: Uint8Array,
  recipe: Uint8Array,
  fileOf: (member: Member) => KnownFile | undefined,
  placed?: (place: Place) => void,
): Piece[] {
  const { before, after } = readRecipe(skeleton, recipe);
  const source = Pulled.of(skeleton.subarray(before, skeleton.length - after));
  const pieces: Piece[] = [];
  let sizeBytes = 0;
  const add = (piece: Piece, bytes: number): void => {
    sizeBytes += bytes;
    if (sizeBytes > MAX_CONTENT_BYTES) throw new UnreadableStreamError(`more than ${MAX_CONTENT_BYTES} bytes`);
    pieces.push(piece);
  };
  walkArchive(source, {
    between: (bytes) => add({ bytes }, bytes.length),
    member: (member) => {
      placed?.({ ...member, at: sizeBytes });
      const file = fileOf(member);
      if (file && file.sizeBytes !== member.sizeBytes) throw new UnreadableStreamError('a member of another size');
      add(file ? { file } : { bytes: source.exactly(member.sizeBytes) }, member.sizeBytes);
    },
  });
  return pieces;
}

/**
 * Hands the file to `sink`, of at most `maxBytes`.
 * @throws RippleError `InvalidArgument` for a recipe that makes no sense
 */
export function putTogether(
  skeleton: Uint8Array,
  recipe: Uint8Array,
  pieces: readonly Piece[],
  maxBytes: number,
  sink: (bytes: Uint8Array) => void,
): void {
  const { before, after, trailed, style, corrections } = readRecipe(skeleton, recipe);
  let leftBytes = maxBytes;
  const give = (bytes: Uint8Array): void => {
    leftBytes -= bytes.length;
    if (leftBytes < 0) throw new RippleError('InvalidArgument', `the diff makes more than ${maxBytes} bytes; refused`);
    sink(bytes);
  };
  give(skeleton.subarray(0, before));
  const trailer = new Trailer();
  let next = 0;
  let waiting: Uint8Array = new Uint8Array(0);
  const pull = (into: Uint8Array): number => {
    let size = 0;
    while (size < into.length) {
      if (waiting.length === 0) {
        const piece = pieces[next++];
        if (!piece) break;
        waiting = 'file' in piece ? piece.file.read() : piece.bytes;
      }
      const part = waiting.subarray(0, into.length - size);
      into.set(part, size);
      size += part.length;
      waiting = waiting.subarray(part.length);
    }
    trailer.add(into.subarray(0, size));
    return size;
  };
  rebuildLargeStream(pull, style, corrections, leftBytes, give);
  if (trailed) give(trailer.bytes());
  give(skeleton.subarray(skeleton.length - after));
}
