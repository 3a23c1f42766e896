import { createHash } from 'node:crypto';
import type { BlobRef, Sha256 } from '../../core/ports.ts';
import type { KnownFile, NewFiles } from '../archive/known-files.ts';
import type { FileLine, OldFiles } from './manifest-files.ts';
import type { ReadTemplate, TemplateFile } from './template.ts';

/** What a new content is made from: a file of the old version, or a content that this bundle brought before. */
export type BaseFile =
  | { readonly kind: 'old'; readonly file: FileLine }
  | { readonly kind: 'new'; readonly number: number; readonly content: BlobRef };

/** The files of the new version as those contents see them that come last: all but these. The same for writer and reader of a bundle. */
export class BundleFiles implements NewFiles {
  readonly #old: OldFiles;
  readonly #files: readonly TemplateFile[];
  readonly #usualCount: number;
  /** New contents that are there, in their order. */
  readonly #contents: readonly BlobRef[];
  readonly #read: (file: BaseFile) => Uint8Array;
  readonly #byPath = new Map<string, number>();
  readonly #bySha = new Map<Sha256, number>();
  readonly #used = new Map<Sha256, BaseFile>();

  constructor(
    old: OldFiles,
    template: ReadTemplate,
    contents: readonly BlobRef[],
    read: (file: BaseFile) => Uint8Array,
  ) {
    this.#old = old;
    this.#files = template.files();
    this.#usualCount = template.usualCount;
    this.#contents = contents;
    this.#read = read;
    for (const [number, { path }] of this.#files.entries()) {
      const file = this.#fileAt(number);
      if (!file) continue;
      this.#byPath.set(path.slice('./'.length), number);
      this.#bySha.set(refOf(file).sha256, number);
    }
  }

  isOld(sha256: Sha256): boolean {
    return this.#old.withContent(sha256) !== undefined;
  }

  atPath(path: string): number | undefined {
    return this.#byPath.get(path);
  }

  withContent(sha256: Sha256): number | undefined {
    return this.#bySha.get(sha256);
  }

  hasContent(number: number, sha256: Sha256): boolean {
    const file = this.#fileAt(number);
    return file !== undefined && refOf(file).sha256 === sha256;
  }

  file(number: number): KnownFile | undefined {
    const file = this.#fileAt(number);
    if (!file) return undefined;
    const { sizeBytes, sha256 } = refOf(file);
    const read = (): Uint8Array => {
      this.#used.set(sha256, file);
      return this.#read(file);
    };
    return { sizeBytes, read };
  }

  /** Of what was read the first that is not what it should be. */
  damaged(): BaseFile | undefined {
    for (const [sha256, file] of this.#used)
      if (createHash('sha256').update(this.#read(file)).digest('hex') !== sha256) return file;
    return undefined;
  }

  #fileAt(number: number): BaseFile | undefined {
    const at = this.#files[number];
    if (!at) return undefined;
    if (at.kind === 'old') {
      const file = this.#old.list[at.index];
      return file && { kind: 'old', file };
    }
    const content = at.number < this.#usualCount ? this.#contents[at.number] : undefined;
    return content && { kind: 'new', number: at.number, content };
  }
}

function refOf(file: BaseFile): BlobRef {
  return file.kind === 'old' ? file.file : file.content;
}
