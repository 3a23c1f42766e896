/** Packed archives: of each only the skeleton is coded; the members come from files that both sides have by then. */
import { requireMemory } from '../../sys/free-memory.ts';
import { buffersSpent } from '../../sys/spent-buffers.ts';
import { MAX_FRAME_CONTENT, type UnpackedFrame } from '../archive/frame-archive.ts';
import type { KnownFiles, NewFiles } from '../archive/known-files.ts';
import { likelyBlocks, type Place } from '../archive/places.ts';
import { aroundFrame, type Piece, putTogether } from '../archive/put-together.ts';
import { oldSkeleton } from '../archive/skeleton.ts';
import { takeApart } from '../archive/take-apart.ts';
import { UnreadableStreamError } from '../deflate/format.ts';
import { ArchiveCodec } from './archive-codec.ts';
import { type Base, filesOf, joined } from './base.ts';
import { ContentMap } from './parse/content-map.ts';
import { Parse } from './parse/parse.ts';
import { type Planned, planDiff } from './planner.ts';
import { type BitCoder, CostCounter } from './range-coder.ts';
import type { Sink } from './record-codec.ts';
import { FrameCodec } from './zstd/frame-codec.ts';

/** How old archives were packed, if in frames. */
interface OldPacking {
  readonly parse: Parse;
  readonly places: readonly Place[];
}

/** The skeletons of old archives, and how the first one was packed. */
export interface ArchiveBase {
  readonly form: Base;
  readonly packing: OldPacking;
}

export interface ArchivePlan {
  readonly base: ArchiveBase;
  readonly skeleton: Uint8Array;
  readonly recipe: Uint8Array;
  readonly members: readonly (number | undefined)[];
  readonly known: NewFiles;
  readonly unpacked: UnpackedFrame | undefined;
  readonly plan: Planned;
  /** With all that the packing costs. */
  readonly bits: number;
}

/** Bytes for each byte of the content beside it: what finds matches. */
const MEMORY_PER_BYTE = 1;

export function archiveBase(base: Base, known: KnownFiles): ArchiveBase {
  let packing: OldPacking | undefined;
  const skeletons = filesOf(base).map((file) => {
    const { bytes, places, unpacked } = oldSkeleton(file, known);
    if (!unpacked) return bytes;
    packing ??= { parse: unpacked.parse, places };
    buffersSpent(unpacked.content.length);
    return bytes;
  });
  return { form: joined(skeletons), packing: packing ?? { parse: new Parse(), places: [] } };
}

/** Undefined for what is no packed archive, or cannot be packed again from what is known. */
export function planArchive(
  base: Base,
  target: Uint8Array,
  known: NewFiles,
  log?: (text: string) => void,
): ArchivePlan | undefined {
  const apart = takeApart(target, known);
  if (!apart) return undefined;
  const { skeleton, recipe, members, unpacked } = apart;
  const old = archiveBase(base, known);
  const plan = planDiff(old.form, skeleton, log);
  const planned = { base: old, skeleton, recipe, members, known, unpacked, plan, bits: plan.bits };
  if (!unpacked) return planned;
  const counter = new CostCounter();
  try {
    const file = new ArchiveFiles().frame(counter, planned, target.length);
    log?.(`parse ${(counter.cost / 8).toFixed(0)} bytes`);
    return Buffer.compare(file, target) === 0 ? { ...planned, bits: plan.bits + counter.cost } : undefined;
  } catch (error) {
    if (error instanceof UnreadableStreamError) return undefined;
    throw error;
  }
}

/** Codes what follows the skeletons. */
export class ArchiveFiles {
  readonly #members = new ArchiveCodec();
  readonly #frames = new FrameCodec();

  encode(coder: BitCoder, plan: ArchivePlan, maxBytes: number): void {
    if (plan.unpacked) this.frame(coder, plan, maxBytes);
    else this.#members.code(coder, plan.skeleton, plan.recipe, plan.known, plan.members);
  }

  /** A file whose archive is in a frame, as it is made again. */
  frame(
    coder: BitCoder,
    { base, skeleton, recipe, members, known, unpacked }: ArchivePlan,
    maxBytes: number,
  ): Uint8Array {
    const places: Place[] = [];
    const pieces = this.#members.code(coder, skeleton, recipe, known, members, (place) => places.push(place));
    const content = contentOf(pieces);
    if (unpacked && Buffer.compare(content, unpacked.content) !== 0) throw new UnreadableStreamError('other files');
    return this.#packFrame(coder, skeleton, recipe, content, places, base.packing, maxBytes, unpacked);
  }

  /** Hands the file to `sink`. @throws UnreadableStreamError for what makes no sense */
  decode(
    coder: BitCoder,
    skeleton: Uint8Array,
    recipe: Uint8Array,
    known: KnownFiles,
    packing: OldPacking,
    maxBytes: number,
    sink: Sink,
  ): void {
    const places: Place[] = [];
    const pieces = this.#members.code(coder, skeleton, recipe, known, undefined, (place) => places.push(place));
    if (!aroundFrame(skeleton, recipe)) {
      putTogether(skeleton, recipe, pieces, maxBytes, sink);
      return;
    }
    const content = contentOf(pieces);
    sink(this.#packFrame(coder, skeleton, recipe, content, places, packing, maxBytes));
    buffersSpent(content.length + packing.parse.memoryBytes);
  }

  #packFrame(
    coder: BitCoder,
    skeleton: Uint8Array,
    recipe: Uint8Array,
    content: Uint8Array,
    places: readonly Place[],
    old: OldPacking,
    maxBytes: number,
    given?: UnpackedFrame,
  ): Uint8Array {
    const around = aroundFrame(skeleton, recipe);
    if (!around) throw new UnreadableStreamError('no frame');
    const { before, after } = around;
    const map = new ContentMap(likelyBlocks(old.places, places, content.length));
    const packing = given && { parse: given.parse, streams: [[{ ...given.frame, from: 0 }]], endsAsUsual: true };
    const most = maxBytes - before.length - after.length;
    const frame = this.#frames.code(coder, content, map, old.parse, most, packing);
    return Buffer.concat([before, frame, after]);
  }
}

/** All pieces, one after another. @throws RippleError `NoSpace` where it takes more memory than is free */
function contentOf(pieces: readonly Piece[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += 'file' in piece ? piece.file.sizeBytes : piece.bytes.length;
  if (size > MAX_FRAME_CONTENT) throw new UnreadableStreamError(`an archive of more than ${MAX_FRAME_CONTENT} bytes`);
  requireMemory(size * (1 + MEMORY_PER_BYTE), `packing an archive of ${size} bytes again`);
  const content = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    const bytes = 'file' in piece ? piece.file.read() : piece.bytes;
    content.set(bytes, at);
    at += bytes.length;
  }
  return content;
}
