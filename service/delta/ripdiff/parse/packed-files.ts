/** Files with packed streams in them, coded unpacked: first the content, as any file, then how it was packed. */

import { buffersSpent } from '../../../sys/spent-buffers.ts';
import { UnreadableStreamError } from '../../deflate/format.ts';
import { type Base, filesOf } from '../base.ts';
import type { BulkStore } from '../bulk.ts';
import { Collected } from '../collected.ts';
import { type Planned, planDiff } from '../planner.ts';
import { type BitCoder, CostCounter } from '../range-coder.ts';
import type { RecordCodec, Sink } from '../record-codec.ts';
import { ContentMap } from './content-map.ts';
import type { Parse } from './parse.ts';
import { MAX_PACKED_BYTES, maxFormBytes, type Unpacked } from './unpacked.ts';

/** A new form has mostly no more bytes than the old one, and a part of two to minus that power. */
const LIKELY_GROWTH = 6;

/** How a file was really packed; known to the encoder. */
export interface GivenPacking<Stream> extends Pick<Unpacked<Stream>, 'parse' | 'streams'> {
  /** Streams are cut where the usual packer cuts them. */
  readonly endsAsUsual: boolean;
}

/** Codes how the streams of files were packed, from how those of old files were. */
export interface PackingCodec<Stream> {
  /**
   * The file, of at most `maxBytes`, from its form, which may be changed on the way. `map`: where the form comes from in the old one;
   * `old`: how that was packed. @throws UnreadableStreamError for what makes no sense
   */
  code(
    coder: BitCoder,
    form: Uint8Array,
    map: ContentMap,
    old: Parse,
    maxBytes: number,
    given?: GivenPacking<Stream>,
  ): Uint8Array;
}

/** A format whose streams are taken apart. */
export interface PackedFormat<Stream> {
  readonly unpack: (files: readonly Uint8Array[]) => Unpacked<Stream>;
  readonly codec: () => PackingCodec<Stream>;
  /** Which `endsAsUsual` to try. */
  readonly ends: readonly boolean[];
}

export interface PackedPlan<Stream> {
  readonly old: Unpacked<Stream>;
  readonly wanted: Unpacked<Stream>;
  readonly endsAsUsual: boolean;
  readonly plan: Planned;
  /** With all that the packing costs. */
  readonly bits: number;
}

/** Undefined if there is no stream in it, or one that does not come out again. */
export function planPacked<Stream>(
  { unpack, codec, ends }: PackedFormat<Stream>,
  base: Base,
  target: Uint8Array,
  log?: (text: string) => void,
): PackedPlan<Stream> | undefined {
  const wanted = unpack([target]);
  if (wanted.parse.count === 0) return undefined;
  const old = unpack(filesOf(base));
  const plan = planDiff({ bytes: old.form, ends: old.ends }, wanted.form, log);
  for (const endsAsUsual of ends) {
    const counter = new CostCounter();
    const form = new Uint8Array(wanted.form);
    try {
      const map = new ContentMap(plan.blocks);
      const given = { ...wanted, endsAsUsual };
      const file = codec().code(counter, form, map, old.parse, target.length, given);
      log?.(`parse ${(counter.cost / 8).toFixed(0)} bytes`);
      if (Buffer.compare(file, target) !== 0) return undefined;
      return { old, wanted, endsAsUsual, plan, bits: plan.bits + counter.cost };
    } catch (error) {
      if (!(error instanceof UnreadableStreamError)) throw error;
    }
  }
  return undefined;
}

/** Codes such files one after the other. */
export class PackedFiles<Stream> {
  readonly #unpack: PackedFormat<Stream>['unpack'];
  readonly #codec: PackingCodec<Stream>;
  readonly #records: RecordCodec;

  constructor({ unpack, codec }: PackedFormat<Stream>, records: RecordCodec) {
    this.#unpack = unpack;
    this.#codec = codec();
    this.#records = records;
  }

  encode(coder: BitCoder, bulk: BulkStore, packed: PackedPlan<Stream>, maxBytes: number): void {
    const { old, wanted, endsAsUsual, plan } = packed;
    const { form } = wanted;
    const base = { bytes: old.form, ends: old.ends };
    this.#records.code(coder, bulk, base, () => {}, form.length, form, plan, plan.analysed);
    const map = new ContentMap(plan.blocks);
    this.#codec.code(coder, new Uint8Array(form), map, old.parse, maxBytes, { ...wanted, endsAsUsual });
  }

  /** The file, of at most `maxBytes`: held whole, and so is its form. */
  decode(coder: BitCoder, bulk: BulkStore, base: Base, maxBytes: number): Uint8Array {
    const most = Math.min(maxBytes, MAX_PACKED_BYTES);
    const { form, map, parse } = this.#form(coder, bulk, base, maxFormBytes(most));
    buffersSpent(form.length);
    const file = this.#codec.code(coder, form, map, parse, most);
    buffersSpent(form.length + parse.memoryBytes);
    return file;
  }

  /** What is old and unpacked is not held any more when this is over. */
  #form(
    coder: BitCoder,
    bulk: BulkStore,
    base: Base,
    maxBytes: number,
  ): { readonly form: Uint8Array; readonly parse: Parse; readonly map: ContentMap } {
    const old = this.#unpack(filesOf(base));
    const form = new Collected(Math.min(maxBytes, old.form.length + (old.form.length >> LIKELY_GROWTH)));
    const sink: Sink = (bytes) => form.add(bytes);
    const blocks = this.#records.code(coder, bulk, { bytes: old.form, ends: old.ends }, sink, maxBytes);
    return { form: form.bytes, parse: old.parse, map: new ContentMap(blocks) };
  }
}
