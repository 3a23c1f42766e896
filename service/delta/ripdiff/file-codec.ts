import { RippleError } from '../../api/errors.ts';
import { requireMemory } from '../../sys/free-memory.ts';
import type { KnownFiles, NewFiles } from '../archive/known-files.ts';
import { MAX_FORM_BYTES, MAX_RECIPE_BYTES, putTogether, takeApart, unpackedForm } from '../deflate/unpacked.ts';
import type { Stream } from '../xz/container.ts';
import type { Frame } from '../zstd/frame.ts';
import { ArchiveFiles, type ArchivePlan, archiveBase, planArchive } from './archive-files.ts';
import { type Base, baseOf, filesOf, joined } from './base.ts';
import { BitModels } from './bit-models.ts';
import type { BulkStore } from './bulk.ts';
import { Collected } from './collected.ts';
import { NumberModels } from './numbers.ts';
import { PackedFiles, type PackedPlan, planPacked } from './parse/packed-files.ts';
import { type Planned, planDiff } from './planner.ts';
import type { BitCoder } from './range-coder.ts';
import { RecordCodec, type Sink } from './record-codec.ts';
import { XZ } from './xz/xz-format.ts';
import { ZSTD } from './zstd/zstd-format.ts';

/** How a file is coded: as it is, or unpacked, against the unpacked old file. */
export interface FilePlan {
  readonly base: Base;
  readonly target: Uint8Array;
  readonly plan: Planned;
  /** Of a file that is coded unpacked. */
  readonly recipe: Uint8Array | undefined;
  /** Of a packed archive that is coded by its skeleton. */
  readonly archive?: ArchivePlan;
  /** Of a file whose packed streams are taken apart. */
  readonly streams?: StreamsPlan;
}

/** A recipe that is as expected costs next to nothing; a correction about as much as it is long. */
const EXPECTED_RECIPE_BYTES = 6;

/** In place of a recipe's length: there is none, for streams are taken apart. Versions that do not know it refuse it. */
const MARK = { xz: MAX_RECIPE_BYTES + 1, zstd: MAX_RECIPE_BYTES + 2 } as const;

/** By format. */
type StreamsPlan =
  | { readonly kind: 'xz'; readonly packed: PackedPlan<Stream> }
  | { readonly kind: 'zstd'; readonly packed: PackedPlan<Frame> };

/** Bytes of memory for each byte of the old file that a packed one takes; measured: a kernel of 8 MB, a RAM disk of 36 MB. */
const MEMORY_PER_BYTE = { streams: 32, archive: 4, gzip: 12 };

/** A packed file that becomes this much smaller is not tried in other ways: that would take minutes. */
const GOOD_SHARE = 1 / 4;

/** Tries what there is and answers the smallest. `known`: files that both sides have by then. */
export function planFile(base: Base, target: Uint8Array, log?: (text: string) => void, known?: NewFiles): FilePlan {
  const archive = known && planArchive(base, target, known, log);
  if (archive && archive.bits < 8 * GOOD_SHARE * target.length) {
    const { base: old, skeleton, recipe, plan, bits } = archive;
    return { base: old.form, target: skeleton, plan: { ...plan, bits }, recipe, archive };
  }
  const inStreams = planStreams(base, target, log);
  if (inStreams && inStreams.plan.bits < 8 * GOOD_SHARE * target.length) return inStreams;
  const plain: FilePlan = { base, target, plan: planDiff(base, target, log), recipe: undefined };
  const best = inStreams && inStreams.plan.bits < plain.plan.bits ? inStreams : plain;
  const apart = takeApart(target);
  if (!apart) return best;
  const form = unpackedBase(base);
  const plan = planDiff(form, apart.form, log);
  const recipeBits = 8 * Math.max(1, apart.recipe.length - EXPECTED_RECIPE_BYTES);
  if (plan.bits + recipeBits >= best.plan.bits) return best;
  return { base: form, target: apart.form, plan, recipe: apart.recipe };
}

function planStreams(base: Base, target: Uint8Array, log?: (text: string) => void): FilePlan | undefined {
  const xz = planPacked(XZ, base, target, log);
  const zstd = xz ? undefined : planPacked(ZSTD, base, target, log);
  const streams: StreamsPlan | undefined = xz ? { kind: 'xz', packed: xz } : zstd && { kind: 'zstd', packed: zstd };
  if (!streams) return undefined;
  const { plan, bits } = streams.packed;
  return { base, target, plan: { ...plan, bits }, recipe: undefined, streams };
}

/** @throws RippleError `NoSpace`: the whole file is to be fetched then, and nobody is to blame */
function demandMemory({ bytes }: Base, kind: keyof typeof MEMORY_PER_BYTE): void {
  const needed = bytes.length * MEMORY_PER_BYTE[kind];
  requireMemory(needed, `unpacking a file of ${bytes.length} bytes to compare it`);
}

function unpackedBase(base: Base): Base {
  return base.ends.length <= 1 ? baseOf(unpackedForm(base.bytes)) : joined(filesOf(base).map(unpackedForm));
}

const RECIPE_CONTEXTS = 16;
const PIECE = 1 << 16;
/** Deflate packs at most so many bytes into one. */
const MAX_RATIO = 1032;

/** Codes files one after the other: those that hold compressed streams unpacked, where that is smaller. */
export class FileCodec {
  readonly #records: RecordCodec;
  readonly #archives = new ArchiveFiles();
  readonly #flags = new BitModels(2, 60);
  readonly #lengths = new NumberModels(1, 60);
  readonly #recipes = new BitModels(RECIPE_CONTEXTS * 256, 60);
  readonly #xz: PackedFiles<Stream>;
  readonly #zstd: PackedFiles<Frame>;

  /** `alone`: only one file will be coded. */
  constructor(alone = false) {
    this.#records = new RecordCodec(alone);
    this.#xz = new PackedFiles(XZ, this.#records);
    this.#zstd = new PackedFiles(ZSTD, this.#records);
  }

  encode(coder: BitCoder, bulk: BulkStore, { base, target, plan, recipe, archive, streams }: FilePlan): void {
    this.#flags.code(coder, 0, recipe || streams ? 1 : 0);
    if (streams) {
      this.#flags.code(coder, 1, 0);
      this.#lengths.code(coder, 0, MARK[streams.kind]);
      if (streams.kind === 'xz') this.#xz.encode(coder, bulk, streams.packed, target.length);
      else this.#zstd.encode(coder, bulk, streams.packed, target.length);
      return;
    }
    if (recipe) {
      this.#flags.code(coder, 1, archive ? 1 : 0);
      this.#recipe(coder, recipe);
    }
    this.#records.code(coder, bulk, base, () => {}, target.length, target, plan, plan.analysed);
    if (archive) this.#archives.encode(coder, archive, Number.MAX_SAFE_INTEGER);
  }

  /**
   * As `RecordCodec.code`. A file that comes unpacked is held whole: its form has `MAX_FORM_BYTES` at most. Of a packed archive only
   * the skeleton is, and that is possible only where something is known.
   */
  decode(coder: BitCoder, bulk: BulkStore, base: Base, sink: Sink, maxBytes: number, known?: KnownFiles): void {
    if (this.#flags.code(coder, 0, 0) === 0) {
      this.#records.code(coder, bulk, base, sink, maxBytes);
      return;
    }
    const isArchive = this.#flags.code(coder, 1, 0) !== 0;
    if (isArchive && !known) throw new RippleError('InvalidArgument', 'the diff needs files that it may not use');
    const recipe = this.#recipe(coder);
    if (!(recipe instanceof Uint8Array)) {
      if (isArchive) throw tooLong();
      demandMemory(base, 'streams');
      handOn((recipe === 'xz' ? this.#xz : this.#zstd).decode(coder, bulk, base, maxBytes), sink);
      return;
    }
    demandMemory(base, isArchive ? 'archive' : 'gzip');
    const form = new Collected();
    const maxFormBytes = Math.min(MAX_FORM_BYTES, maxBytes * MAX_RATIO);
    const record = (unpacked: Base): void => {
      this.#records.code(coder, bulk, unpacked, (bytes) => form.add(bytes), maxFormBytes);
    };
    if (isArchive && known) {
      const old = archiveBase(base, known);
      record(old.form);
      const give = (file: Uint8Array): void => handOn(file, sink);
      this.#archives.decode(coder, form.bytes, recipe, known, old.packing, maxBytes, give);
      return;
    }
    record(unpackedBase(base));
    handOn(putTogether(form.bytes, recipe, maxBytes), sink);
  }

  /** Or which streams are taken apart instead. */
  #recipe(coder: BitCoder, given?: Uint8Array): Uint8Array | keyof typeof MARK {
    const length = this.#lengths.code(coder, 0, given?.length ?? 0);
    if (!given && length === MARK.xz) return 'xz';
    if (!given && length === MARK.zstd) return 'zstd';
    if (length > MAX_RECIPE_BYTES) throw tooLong();
    const recipe = new Uint8Array(length);
    for (let i = 0; i < length; i++)
      recipe[i] = this.#recipes.codeTree(coder, Math.min(i, RECIPE_CONTEXTS - 1) * 256, 8, given?.[i] ?? 0);
    return recipe;
  }
}

function handOn(file: Uint8Array, sink: Sink): void {
  for (let at = 0; at < file.length; at += PIECE) sink(file.subarray(at, at + PIECE));
}

function tooLong(): RippleError {
  return new RippleError('InvalidArgument', 'the diff has a recipe that is too long');
}
