import { createHash, type Hash } from 'node:crypto';
import { asRippleError, HashMismatchError, RippleError } from '../../api/errors.ts';
import type { BlobRef } from '../../core/ports.ts';
import { SolidDecoder } from '../ripdiff/index.ts';
import { CHECK_BYTES, readHeader } from './format.ts';
import { type FileLine, OldFiles } from './manifest-files.ts';
import { ReadTemplate } from './template.ts';

export interface DecodeBundleOptions {
  readonly manifestA: Uint8Array;
  readonly bundle: Uint8Array;
  /** What the signed release says. */
  readonly expectedManifest: BlobRef;
  /** Bytes of all new contents together; more are refused. */
  readonly maxNewBytes: number;
  readonly maxContents: number;
  /** The whole content of an old file. Only what comes out is checked, so a wrong base shows as a wrong result. */
  readonly base: (file: FileLine) => Uint8Array;
  /** The next bytes of new content `number` (from 0); the array is used again. Not to be used for anything yet. */
  readonly data: (number: number, bytes: Uint8Array) => void;
  /** Content `number` is whole and passed its short check. */
  readonly end?: (number: number, content: BlobRef) => void;
}

export interface DecodedBundle {
  readonly manifest: Buffer;
  /** The new contents in their order. */
  readonly contents: readonly BlobRef[];
}

/** An old file here is not what its manifest says: not the bundle's fault. */
export class DamagedBaseError extends RippleError {
  constructor(path: string) {
    super('HashMismatch', `${path} is not what the manifest says; repair it: ripple repair`);
  }
}

const STEP_BYTES = 1 << 16;

/**
 * Answers when the manifest came out as signed: only then are the contents, whose hashes it holds, what they claim to be.
 * @throws RippleError for anything else, and what the callbacks throw
 */
export function decodeBundle(options: DecodeBundleOptions): DecodedBundle {
  const { expectedManifest, maxNewBytes, maxContents } = options;
  const bundle = Buffer.from(options.bundle.buffer, options.bundle.byteOffset, options.bundle.length);
  const { checks, bodyAt } = readHeader(bundle, maxContents);
  const old = new OldFiles(options.manifestA);
  const contents: BlobRef[] = [];
  let text: Buffer[] = [];
  let template: ReadTemplate | undefined;
  let leftBytes = maxNewBytes;
  let sizeBytes = 0;
  let hash: Hash = createHash('sha256');
  let base: { readonly file: FileLine; readonly bytes: Uint8Array } | undefined;

  const endTemplate = (): void => {
    template = new ReadTemplate(old, Buffer.concat(text));
    text = [];
    if (template.bases.length !== checks.length)
      throw new RippleError(
        'HashMismatch',
        `the bundle has ${checks.length} contents for ${template.bases.length} files`,
      );
  };
  const endContent = (number: number): void => {
    const digest = hash.digest();
    if (!checks[number]?.equals(digest.subarray(0, CHECK_BYTES))) {
      if (base && createHash('sha256').update(base.bytes).digest('hex') !== base.file.sha256)
        throw new DamagedBaseError(base.file.path);
      throw new RippleError('HashMismatch', `content ${number + 1} of the bundle came out wrong; fetch it again`);
    }
    const content = { sha256: digest.toString('hex'), sizeBytes };
    contents.push(content);
    leftBytes -= sizeBytes;
    options.end?.(number, content);
    base = undefined;
  };
  const decoder = new SolidDecoder(
    {
      base(record) {
        if (record === 0) return old.heads;
        if (!template || record > checks.length) throw new RippleError('HashMismatch', 'the bundle has too many files');
        const index = template.bases[record - 1];
        const file = index === undefined ? undefined : old.list[index];
        base = file && { file, bytes: options.base(file) };
        hash = createHash('sha256');
        sizeBytes = 0;
        return base?.bytes;
      },
      // A template is the manifest with parts left out.
      maxNewBytes: (record) => (record === 0 ? expectedManifest.sizeBytes : leftBytes),
      data(record, bytes) {
        if (record === 0) {
          text.push(Buffer.from(bytes));
          return;
        }
        hash.update(bytes);
        sizeBytes += bytes.length;
        options.data(record - 1, bytes);
      },
      end(record) {
        if (record === 0) endTemplate();
        else endContent(record - 1);
      },
    },
    { maxFrameBytes: bundle.length },
  );
  try {
    for (let at = bodyAt; at < bundle.length; at += STEP_BYTES)
      decoder.push(bundle.subarray(at, Math.min(at + STEP_BYTES, bundle.length)));
    decoder.finish();
    if (!template || contents.length !== checks.length)
      throw new RippleError('HashMismatch', 'the bundle ends too early; fetch it again');
    const manifest = template.expand(contents);
    const actual = createHash('sha256').update(manifest).digest('hex');
    if (actual !== expectedManifest.sha256)
      throw new HashMismatchError('manifest in the bundle', expectedManifest.sha256, actual);
    return { manifest, contents };
  } catch (error) {
    throw asRippleError(error);
  }
}
