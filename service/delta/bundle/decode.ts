import { createHash, type Hash } from 'node:crypto';
import { asRippleError, HashMismatchError, RippleError } from '../../api/errors.ts';
import type { BlobRef } from '../../core/ports.ts';
import { type Base, baseOf, type KeptBytes, SolidDecoder, type Source, type Sources } from '../ripdiff/index.ts';
import { damagedBase, requireBase, sizeOf } from './base-files.ts';
import { type BundleHeader, CHECK_BYTES, MAX_FURTHER_BYTES, readHeader } from './format.ts';
import { OldFiles } from './manifest-files.ts';
import { Md5Lists } from './md5-lists.ts';
import { type BaseFile, BundleFiles } from './new-files.ts';
import { ReadTemplate } from './template.ts';

export interface DecodeBundleOptions {
  readonly manifestA: Uint8Array;
  /** What the signed release says. */
  readonly expectedManifest: BlobRef;
  /** Bytes of all new contents together; more are refused. */
  readonly maxNewBytes: number;
  readonly maxContents: number;
  /** No part of the bundle may be longer. */
  readonly maxBundleBytes: number;
  /** What the bundle claims to bring, before any of it comes; throws to refuse. */
  readonly begin?: (header: Pick<BundleHeader, 'newBytes'>) => void;
  /**
   * The whole contents of these files, one after another in one array, which may be used again for the next. Only what comes
   * out is checked, so a wrong base shows as a wrong result.
   */
  readonly base: (files: readonly BaseFile[]) => Uint8Array;
  /** The whole content of a file, as `base`, but in another array if that is used again. */
  readonly file?: (file: BaseFile) => Uint8Array;
  /** The next bytes of new content `number` (from 0); the array is used again. */
  readonly data: (number: number, bytes: Uint8Array) => void;
  /** Bytes of the bundle that were pushed, read again; without it what waits is held in memory. */
  readonly kept?: KeptBytes;
  /** Content `number` is whole and is this: by its own hash, whatever the bundle promised. */
  readonly end?: (number: number, content: BlobRef) => void;
}

export interface DecodedBundle {
  readonly manifest: Buffer;
  /** The new contents in their order. */
  readonly contents: readonly BlobRef[];
}

interface Content {
  readonly hash: Hash;
  readonly md5: Hash | undefined;
  readonly files: readonly BaseFile[];
  readonly base: Base | undefined;
  sizeBytes: number;
}

/**
 * Decodes a bundle front to back, as its bytes come. Only when the manifest came out as signed, with the last byte, are the
 * contents, whose hashes it holds, what a laptop asked for. After any error it is spent.
 */
export class BundleDecoder {
  readonly #options: DecodeBundleOptions;
  readonly #old: OldFiles;
  readonly #solid: SolidDecoder;
  readonly #contents: BlobRef[] = [];
  #start: Buffer | undefined = Buffer.alloc(0);
  #startBytes = 0;
  #checks: readonly Buffer[] = [];
  #leftBytes = 0;
  #text: Buffer[] = [];
  #template: ReadTemplate | undefined;
  #md5Lists: Md5Lists | undefined;
  #known: BundleFiles | undefined;
  #content: Content | undefined;
  #result: DecodedBundle | undefined;

  constructor(options: DecodeBundleOptions) {
    const { kept } = options;
    this.#options = options;
    this.#old = new OldFiles(options.manifestA);
    this.#solid = new SolidDecoder(
      {
        base: (record, sources) => (record === 0 ? baseOf(this.#old.heads) : this.#beginContent(record - 1, sources)),
        known: (record) => this.#knownTo(record - 1),
        // A template is the manifest with parts left out.
        maxNewBytes: (record) => (record === 0 ? options.expectedManifest.sizeBytes : this.#leftBytes),
        data: (record, bytes) => (record === 0 ? this.#text.push(Buffer.from(bytes)) : this.#data(record - 1, bytes)),
        end: (record) => (record === 0 ? this.#endTemplate() : this.#endContent(record - 1)),
      },
      { maxFrameBytes: options.maxBundleBytes },
      kept && ((target, position) => kept(target, this.#startBytes + position)),
    );
  }

  /** The bundle ended and all of it was right; `undefined` until then. */
  get result(): DecodedBundle | undefined {
    return this.#result;
  }

  /**
   * The next bytes of the bundle.
   * @throws RippleError for anything but a right bundle, and what the callbacks throw
   */
  push(bytes: Uint8Array): void {
    try {
      if (this.#result && bytes.length > 0) throw wrong('the bundle goes on after its end');
      const rest = this.#start === undefined ? bytes : this.#header(Buffer.concat([this.#start, bytes]));
      if (!rest) return;
      this.#solid.push(rest);
      if (this.#template && this.#contents.length === this.#checks.length) this.#complete(this.#template);
    } catch (thrown) {
      const error = asRippleError(thrown);
      // What makes no sense with a damaged base may make sense with a good one.
      if (error.code === 'InvalidArgument') this.#blameBase(this.#content);
      throw error;
    }
  }

  /** No more bytes will come. @throws RippleError `HashMismatch` if some should have */
  finish(): DecodedBundle {
    if (!this.#result) throw wrong('the bundle ends too early');
    return this.#result;
  }

  #header(start: Buffer): Buffer | undefined {
    const header = readHeader(start, this.#options);
    this.#start = header ? undefined : start;
    if (!header) return undefined;
    this.#options.begin?.(header);
    this.#checks = header.checks;
    this.#leftBytes = header.newBytes;
    this.#startBytes = header.end;
    return start.subarray(header.end);
  }

  #endTemplate(): void {
    this.#template = new ReadTemplate(this.#old, Buffer.concat(this.#text));
    this.#text = [];
    this.#md5Lists = new Md5Lists(this.#template);
    const files = this.#template.bases.length;
    if (files !== this.#checks.length) throw wrong(`the bundle has ${this.#checks.length} contents for ${files} files`);
  }

  #beginContent(number: number, { usual, further }: Sources): Base | undefined {
    if (!this.#template || number >= this.#checks.length) throw wrong('the bundle has too many files');
    const index = this.#template.bases[number];
    const file = index === undefined || !usual ? undefined : this.#old.list[index];
    const files: BaseFile[] = file ? [{ kind: 'old', file }] : [];
    for (const source of further) files.push(this.#baseFile(source));
    let end = 0;
    const ends = files.map((each) => {
      end += sizeOf(each);
      return end;
    });
    if (end - (ends[0] ?? 0) > MAX_FURTHER_BYTES) throw wrong(`content ${number + 1} is made from too many bytes`);
    const base = files.length === 0 ? undefined : { bytes: this.#options.base(files), ends };
    const md5 = this.#md5Lists?.isWanted ? createHash('md5') : undefined;
    this.#content = { hash: createHash('sha256'), md5, files, base, sizeBytes: 0 };
    return base && file ? this.#refreshed(number, base) : base;
  }

  #refreshed(number: number, base: Base): Base {
    const [end = 0] = base.ends;
    const first = base.bytes.subarray(0, end);
    const refreshed = this.#md5Lists?.refreshed(number, first) ?? first;
    if (refreshed === first) return base;
    return { bytes: Buffer.concat([refreshed, base.bytes.subarray(end)]), ends: base.ends };
  }

  /** All contents that are not last are there when the first comes that is. */
  #knownTo(number: number): BundleFiles | undefined {
    const template = this.#template;
    if (!template || number < template.usualCount) return undefined;
    const { base, file = (each: BaseFile) => base([each]) } = this.#options;
    this.#known ??= new BundleFiles(this.#old, template, this.#contents, file);
    return this.#known;
  }

  #baseFile(source: Source): BaseFile {
    if (source.kind === 'record') {
      const number = source.record - 1;
      const content = this.#contents[number];
      if (content) return { kind: 'new', number, content };
    } else {
      const file = this.#old.list[source.index];
      if (file) return { kind: 'old', file };
    }
    throw wrong('the bundle names a file that is not there');
  }

  #data(number: number, bytes: Uint8Array): void {
    if (!this.#content) return;
    this.#content.hash.update(bytes);
    this.#content.md5?.update(bytes);
    this.#content.sizeBytes += bytes.length;
    this.#options.data(number, bytes);
  }

  #endContent(number: number): void {
    if (!this.#content) return;
    const content = this.#content;
    const { hash, md5, sizeBytes } = content;
    this.#content = undefined;
    const digest = hash.digest();
    if (!this.#checks[number]?.equals(digest.subarray(0, CHECK_BYTES))) {
      this.#blameBase(content);
      throw wrong(`content ${number + 1} of the bundle came out wrong`);
    }
    const done = { sha256: digest.toString('hex'), sizeBytes };
    this.#contents.push(done);
    if (md5) this.#md5Lists?.set(number, md5.digest('hex'));
    this.#leftBytes -= sizeBytes;
    this.#options.end?.(number, done);
  }

  /** @throws RippleError if what the content is made from is not what it should be */
  #blameBase(content: Content | undefined): void {
    if (!content) return;
    requireBase(content.files, content.base);
    const damaged = this.#known?.damaged();
    if (damaged) throw damagedBase(damaged);
  }

  #complete(template: ReadTemplate): void {
    this.#solid.finish();
    if (this.#leftBytes !== 0) throw wrong('the bundle has less content than it said');
    const manifest = template.expand(this.#contents);
    const actual = createHash('sha256').update(manifest).digest('hex');
    const { sha256 } = this.#options.expectedManifest;
    if (actual !== sha256) throw new HashMismatchError('manifest in the bundle', sha256, actual);
    this.#result = { manifest, contents: this.#contents };
  }
}

function wrong(what: string): RippleError {
  return new RippleError('HashMismatch', `${what}; fetch it again`);
}

/** A bundle that is whole in memory; see `BundleDecoder`. */
export function decodeBundle(
  options: Omit<DecodeBundleOptions, 'maxBundleBytes'> & { readonly bundle: Uint8Array },
): DecodedBundle {
  const { bundle } = options;
  const decoder = new BundleDecoder({ ...options, maxBundleBytes: bundle.length });
  decoder.push(bundle);
  return decoder.finish();
}
