/** Every format of diffs that this version knows. A new one is one more entry here. */
import { RippleError } from '../api/errors.ts';
import { BSDIFF40_MAGIC, readBsdiff40, writeBsdiff40 } from './bsdiff40.ts';
import { type ByteSource, readAll } from './byte-source.ts';
import { DamagedDiffError } from './damaged-diff.ts';
import type { DiffFormat, FormatName } from './format.ts';
import { matchBlocks } from './matcher.ts';
import { decodeDiff, encodeDiff, RIPDIFF_MAGIC } from './ripdiff/index.ts';
import { suffixArray } from './suffix-array.ts';

const MAGIC_BYTES = 8;
/** Ripple's own diffs are decoded from memory: longer ones would not be worth it over the file itself. */
const MAX_RIPPLE_DIFF_BYTES = 32 << 20;

const bsdiff40: DiffFormat = {
  name: 'bsdiff40',
  magic: BSDIFF40_MAGIC,
  encode: (old, target, onShare) => {
    const suffixes = suffixArray(old);
    onShare?.(0.3);
    const onProgress = (done: number): void => onShare?.(0.3 + (0.4 * done) / target.length);
    const blocks = matchBlocks(old, target, suffixes, { onProgress });
    onShare?.(0.7);
    return writeBsdiff40(old, target, blocks);
  },
  decode: readBsdiff40,
};

const ripple: DiffFormat = {
  name: 'ripple',
  magic: RIPDIFF_MAGIC,
  encode: (old, target) => encodeDiff(old, target),
  decode: (old, diff, sink, limits) => {
    if (diff.sizeBytes > MAX_RIPPLE_DIFF_BYTES)
      throw new DamagedDiffError(`${diff.sizeBytes} bytes where ${MAX_RIPPLE_DIFF_BYTES} are the most`);
    const oldBytes = readAll(old);
    try {
      decodeDiff(oldBytes, diff, sink, limits);
    } catch (error) {
      // To the codec these are wrong arguments; whoever fetched the diff got wrong bytes.
      if (!(error instanceof RippleError) || error.code !== 'InvalidArgument') throw error;
      throw new RippleError('HashMismatch', error.message, { cause: error });
    }
  },
};

const FORMATS: Readonly<Record<FormatName, DiffFormat>> = { ripple, bsdiff40 };

export function formatNamed(name: FormatName): DiffFormat {
  return FORMATS[name];
}

/** @throws RippleError `InvalidArgument` if it starts as no diff does that this version knows */
export function formatOf(diff: ByteSource): DiffFormat {
  const start = new Uint8Array(Math.min(MAGIC_BYTES, diff.sizeBytes));
  diff.readAt(start, 0);
  const magic = Buffer.from(start).toString('latin1');
  const format = Object.values(FORMATS).find((candidate) => candidate.magic === magic);
  if (format) return format;
  const known = Object.values(FORMATS).map((candidate) => candidate.magic);
  throw new RippleError('InvalidArgument', `this is no diff: it starts with none of ${known.join(', ')}`);
}
