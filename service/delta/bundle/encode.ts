import { createHash } from 'node:crypto';
import type { BlobRef, Sha256 } from '../../core/ports.ts';
import { streamOf } from '../archive/skeleton.ts';
import { BaseChoice, type ContentSketch } from '../base-choice.ts';
import { baseOf, encodeSolidFrames, type SolidRecord } from '../ripdiff/index.ts';
import { planContent } from './content-plan.ts';
import { BUNDLE_MAGIC, CHECK_BYTES, leb128 } from './format.ts';
import { type Candidate, type Found, FurtherBases, Sketches } from './further-bases.ts';
import { manifestLines, OldFiles } from './manifest-files.ts';
import { Md5Lists } from './md5-lists.ts';
import { BundleFiles } from './new-files.ts';
import { ReadTemplate, writeTemplate } from './template.ts';

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

/** Smaller ones are not worth the look. */
const MIN_ARCHIVE_BYTES = 1 << 12;

type OldSketch = (index: number) => ContentSketch | undefined;

/** The bundle from A to B, piece by piece; the format is described in `format.ts`. */
export function* encodeBundle(options: EncodeBundleOptions): Generator<Uint8Array> {
  const { manifestA, manifestB, onProgress = () => {} } = options;
  const { readA, readB, log } = options;
  const old = new OldFiles(manifestA);
  const staying = stayingIn(manifestB);
  const sketches = new Sketches();
  const sketchOfOld: OldSketch = (index) => {
    const file = old.list[index];
    return file && sketches.of(file, () => readA(file.sha256));
  };
  const further = furtherBases(old, staying, sketchOfOld);
  const choice = new BaseChoice(
    old.list.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, stays: staying.has(sha256) })),
  );
  const baseFor = (path: string, content: BlobRef): number | undefined =>
    choice.choose(path, content.sizeBytes, {
      old: sketchOfOld,
      wanted: () => sketches.of(content, () => readB(content.sha256)),
    });
  const { bytes, contents } = writeTemplate(old, manifestB, (path, content) => ({
    base: baseFor(path, content),
    isLast: isArchive(content, readB),
  }));
  const totalBytes = contents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  yield Buffer.concat([
    Buffer.from(BUNDLE_MAGIC, 'latin1'),
    leb128(contents.length),
    leb128(totalBytes),
    ...contents.map(({ sha256 }) => Buffer.from(sha256, 'hex').subarray(0, CHECK_BYTES)),
  ]);
  const records = function* (): Generator<SolidRecord> {
    yield { base: baseOf(old.heads), target: bytes, hint: { path: '' } };
    let doneBytes = 0;
    const template = new ReadTemplate(old, bytes);
    const md5Lists = new Md5Lists(template);
    const known = new BundleFiles(old, template, contents, (file) =>
      file.kind === 'old' ? readA(file.file.sha256) : readB(file.content.sha256),
    );
    for (const [number, { base, isLast, ...content }] of contents.entries()) {
      onProgress(doneBytes, totalBytes);
      const file = base === undefined ? undefined : old.list[base];
      const target = readB(content.sha256);
      const find = (): Found | undefined => {
        const sketch = further.isEmpty ? undefined : sketches.of(content, () => target);
        return sketch && further.find(sketch, file && sketches.of(file, () => readA(file.sha256)));
      };
      const read = ({ from, sha256 }: Candidate): Uint8Array => (from.kind === 'old' ? readA(sha256) : readB(sha256));
      const usual = file && md5Lists.refreshed(number, readA(file.sha256));
      const plan = planContent({ target, usual, find, read, known: isLast ? known : undefined, log });
      yield { ...plan, target, hint: { path: file?.path ?? '' } };
      if (md5Lists.isWanted) md5Lists.set(number, createHash('md5').update(target).digest('hex'));
      doneBytes += content.sizeBytes;
      const sketch = (): ContentSketch | undefined => sketches.of(content, () => readB(content.sha256));
      further.add({ ...content, from: { kind: 'new', number }, sketch });
    }
    onProgress(doneBytes, totalBytes);
  };
  yield* encodeSolidFrames(records(), log ? { log } : {});
}

/** Members of a packed archive may be files of the tree: it comes after them. */
function isArchive({ sha256, sizeBytes }: BlobRef, readB: (sha256: Sha256) => Uint8Array): boolean {
  return sizeBytes >= MIN_ARCHIVE_BYTES && streamOf(readB(sha256)) !== undefined;
}

function stayingIn(manifest: Uint8Array): ReadonlySet<Sha256> {
  const staying = new Set<Sha256>();
  for (const { content } of manifestLines(manifest)) if (content) staying.add(content.sha256);
  return staying;
}

/** Old files that are not in the new version are what other new contents may come from. */
function furtherBases(old: OldFiles, staying: ReadonlySet<Sha256>, sketchOfOld: OldSketch): FurtherBases {
  const further = new FurtherBases();
  for (const [number, { sha256, sizeBytes }] of old.list.entries())
    if (!staying.has(sha256))
      further.add({ sha256, sizeBytes, from: { kind: 'old', number }, sketch: () => sketchOfOld(number) });
  return further;
}
