import { RippleError } from '../../api/errors.ts';
import { type ByteSource, partOf } from '../byte-source.ts';
import { baseOf } from './base.ts';
import { BulkReader, BulkWriter } from './bulk.ts';
import { FileCodec, planFile } from './file-codec.ts';
import { RangeDecoder, RangeEncoder } from './range-coder.ts';
import type { Sink } from './record-codec.ts';

export const RIPDIFF_MAGIC = 'RIPDIFF1';

export interface DiffLimits {
  /** The new file may have no more bytes than this. */
  readonly maxNewBytes: number;
}

/** A diff that makes `target` from `old`. */
export function encodeDiff(
  old: Uint8Array,
  target: Uint8Array,
  options: { log?: (text: string) => void } = {},
): Uint8Array {
  const coder = new RangeEncoder();
  const bulk = new BulkWriter();
  new FileCodec(true).encode(coder, bulk, planFile(baseOf(old), target, options.log));
  return Buffer.concat([Buffer.from(RIPDIFF_MAGIC, 'latin1'), coder.finish(bulk.size > 0), bulk.finish()]);
}

/** Makes the new file of a diff and hands it to `sink` in order; the array that it is given is used again. */
export function decodeDiff(old: Uint8Array, diff: ByteSource, sink: Sink, limits: DiffLimits): void {
  const magic = new Uint8Array(Math.min(RIPDIFF_MAGIC.length, diff.sizeBytes));
  diff.readAt(magic, 0);
  if (Buffer.from(magic).toString('latin1') !== RIPDIFF_MAGIC)
    throw new RippleError('InvalidArgument', 'this is no RIPDIFF1 diff');
  const code = partOf(diff, magic.length, diff.sizeBytes - magic.length);
  new FileCodec(true).decode(new RangeDecoder(code), new BulkReader(code), baseOf(old), sink, limits.maxNewBytes);
}

export { type Base, baseOf, joined, NO_BASE } from './base.ts';
export { type FilePlan, planFile } from './file-codec.ts';
export type { KeptBytes } from './pushed-bytes.ts';
export {
  encodeSolid,
  encodeSolidFrames,
  SolidDecoder,
  type SolidLimits,
  type SolidOptions,
  type SolidReceiver,
  type SolidRecord,
} from './solid.ts';
export { MAX_FURTHER, type Source, type Sources, USUAL } from './source-codec.ts';
