import type { BlobRef, Sha256 } from '../../core/ports.ts';
import { BaseChoice, type ContentSketch, MIN_SKETCH_BYTES, sketchOf } from '../base-choice.ts';
import { unpackedForm } from '../deflate/unpacked.ts';
import { encodeSolidFrames, type SolidRecord } from '../ripdiff/index.ts';
import { BUNDLE_MAGIC, CHECK_BYTES, leb128 } from './format.ts';
import { manifestLines, OldFiles } from './manifest-files.ts';
import { writeTemplate } from './template.ts';

export interface EncodeBundleOptions {
  readonly manifestA: Uint8Array;
  readonly manifestB: Uint8Array;
  /** The whole content of a file of A, and of B; asked for one at a time. */
  readonly readA: (sha256: Sha256) => Uint8Array;
  readonly readB: (sha256: Sha256) => Uint8Array;
  /** Bytes of new contents that are coded, of so many. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly log?: (text: string) => void;
}

/** The bundle from A to B, piece by piece; the format is described in `format.ts`. */
export function* encodeBundle(options: EncodeBundleOptions): Generator<Uint8Array> {
  const { manifestA, manifestB, onProgress = () => {} } = options;
  const old = new OldFiles(manifestA);
  const baseOf = chooser(old, options);
  const { bytes, contents } = writeTemplate(old, manifestB, baseOf);
  const totalBytes = contents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  yield Buffer.concat([
    Buffer.from(BUNDLE_MAGIC, 'latin1'),
    leb128(contents.length),
    leb128(totalBytes),
    ...contents.map(({ sha256 }) => Buffer.from(sha256, 'hex').subarray(0, CHECK_BYTES)),
  ]);
  const records = function* (): Generator<SolidRecord> {
    yield { base: old.heads, target: bytes, hint: { path: '' } };
    let doneBytes = 0;
    for (const { sha256, sizeBytes, base } of contents) {
      onProgress(doneBytes, totalBytes);
      const file = base === undefined ? undefined : old.list[base];
      const target = options.readB(sha256);
      yield { ...(file ? { base: options.readA(file.sha256) } : {}), target, hint: { path: file?.path ?? '' } };
      doneBytes += sizeBytes;
    }
    onProgress(doneBytes, totalBytes);
  };
  yield* encodeSolidFrames(records(), options.log ? { log: options.log } : {});
}

function chooser(old: OldFiles, { manifestB, readA, readB }: EncodeBundleOptions) {
  const staying = new Set<Sha256>();
  for (const { content } of manifestLines(manifestB)) if (content) staying.add(content.sha256);
  const choice = new BaseChoice(
    old.list.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, stays: staying.has(sha256) })),
  );
  const sketches = new Map<Sha256, ContentSketch>();
  const sketchOfOld = (index: number): ContentSketch | undefined => {
    const file = old.list[index];
    if (!file || file.sizeBytes < MIN_SKETCH_BYTES) return undefined;
    const sketch = sketches.get(file.sha256) ?? sketchOf(unpackedForm(readA(file.sha256)));
    sketches.set(file.sha256, sketch);
    return sketch;
  };
  return (path: string, content: BlobRef): number | undefined =>
    choice.choose(path, content.sizeBytes, {
      old: sketchOfOld,
      wanted: () => sketchOf(unpackedForm(readB(content.sha256))),
    });
}
