/** Files with xz streams in them, coded unpacked: first the content, as any file, then how it was packed. */

import { buffersSpent } from '../../../sys/spent-buffers.ts';
import { UnreadableStreamError } from '../../deflate/format.ts';
import { MAX_PACKED_BYTES, maxFormBytes, type Unpacked, unpackXz } from '../../xz/unpack.ts';
import { type Base, filesOf } from '../base.ts';
import type { BulkStore } from '../bulk.ts';
import { Collected } from '../collected.ts';
import { ContentMap } from '../parse/content-map.ts';
import { type Planned, planDiff } from '../planner.ts';
import { type BitCoder, CostCounter } from '../range-coder.ts';
import type { RecordCodec, Sink } from '../record-codec.ts';
import { StreamCodec } from './stream-codec.ts';

/** A new form has mostly no more bytes than the old one, and a part of two to minus that power. */
const LIKELY_GROWTH = 6;

export interface XzPlan {
  readonly old: Unpacked;
  readonly wanted: Unpacked;
  /** Chunks end where liblzma ends them. */
  readonly endsAsUsual: boolean;
  readonly plan: Planned;
  /** With all that the packing costs. */
  readonly bits: number;
}

/** Undefined if there is no stream in it, or one that does not come out again. */
export function planXz(base: Base, target: Uint8Array, log?: (text: string) => void): XzPlan | undefined {
  const wanted = unpackXz([target]);
  if (wanted.parse.count === 0) return undefined;
  const old = unpackXz(filesOf(base));
  const plan = planDiff({ bytes: old.form, ends: old.ends }, wanted.form, log);
  for (const endsAsUsual of [true, false]) {
    const counter = new CostCounter();
    const form = new Uint8Array(wanted.form);
    try {
      const map = new ContentMap(plan.blocks);
      const given = { ...wanted, endsAsUsual };
      const file = new StreamCodec().code(counter, form, map, old.parse, target.length, given);
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
export class XzFiles {
  readonly #streams = new StreamCodec();
  readonly #records: RecordCodec;

  constructor(records: RecordCodec) {
    this.#records = records;
  }

  encode(coder: BitCoder, bulk: BulkStore, { old, wanted, endsAsUsual, plan }: XzPlan, maxBytes: number): void {
    const { form } = wanted;
    const base = { bytes: old.form, ends: old.ends };
    this.#records.code(coder, bulk, base, () => {}, form.length, form, plan, plan.analysed);
    const map = new ContentMap(plan.blocks);
    this.#streams.code(coder, new Uint8Array(form), map, old.parse, maxBytes, { ...wanted, endsAsUsual });
  }

  /** The file, of at most `maxBytes`: held whole, and so is its form. */
  decode(coder: BitCoder, bulk: BulkStore, base: Base, maxBytes: number): Uint8Array {
    const most = Math.min(maxBytes, MAX_PACKED_BYTES);
    const { form, map, parse } = this.#form(coder, bulk, base, maxFormBytes(most));
    buffersSpent(form.length);
    const file = this.#streams.code(coder, form, map, parse, most);
    buffersSpent(form.length + parse.memoryBytes);
    return file;
  }

  /** What is old and unpacked is not held any more when this is over. */
  #form(
    coder: BitCoder,
    bulk: BulkStore,
    base: Base,
    maxBytes: number,
  ): Pick<Unpacked, 'form' | 'parse'> & { readonly map: ContentMap } {
    const old = unpackXz(filesOf(base));
    const form = new Collected(Math.min(maxBytes, old.form.length + (old.form.length >> LIKELY_GROWTH)));
    const sink: Sink = (bytes) => form.add(bytes);
    const blocks = this.#records.code(coder, bulk, { bytes: old.form, ends: old.ends }, sink, maxBytes);
    return { form: form.bytes, parse: old.parse, map: new ContentMap(blocks) };
  }
}
