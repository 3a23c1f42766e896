/**
 * The new manifest with everything left out that the reader knows or computes: sizes and hashes. For each file a rule says what
 * its content most likely is, and only exceptions are marked, after its head:
 * ```
 *         a further name of a hard link: the content of the first;
 *         a path that is old: with the old time the old content, with another time new content made from the old one;
 *         a path that is new: new content, made from nothing
 * ` =`    the old content of this path             ` =N`   the content of old file N
 * ` *`    new content made from nothing            ` *N`   new content made from old file N
` !`    as ` *`, but comes after all that are    ` !N`   as ` *N`, but comes after all that are
        not marked so, and may refer to them             not marked so, and may refer to them
 * ` +K`   the same as the new content K before the next one
 * ```
 * N counts from the old file after the one whose path came up last. Contents are new when no old file has them. K counts in the
 * order in which they first appear; they come in this order, but for those that are marked as last.
 */
import { RippleError } from '../../api/errors.ts';
import type { BlobRef, Sha256 } from '../../core/ports.ts';
import {
  hardLinkIn,
  isFileHead,
  linesOf,
  manifestLines,
  type OldFiles,
  pathOf,
  tailOf,
  timeOf,
} from './manifest-files.ts';

type Content =
  | { readonly kind: 'old'; readonly index: number }
  | { readonly kind: 'new'; readonly number: number }
  /** Its first appearance. */
  | { readonly kind: 'next'; readonly base: number | undefined; readonly isLast: boolean };

const MARK = / ([=*+!])(-?[0-9]{1,7})?$/;

/** What both sides know when they come to a file: kept in step by telling it every line. */
class Walk {
  readonly #old: OldFiles;
  readonly #placed = new Map<string, Content>();
  #hardLink: string | undefined;
  /** Old files are counted from here. */
  near = 0;
  /** New contents so far. */
  count = 0;

  constructor(old: OldFiles) {
    this.#old = old;
  }

  /** A line that is no file's. */
  pass(line: string): void {
    const named = hardLinkIn(line);
    if (named !== undefined) this.#hardLink = named;
    else if (!line.startsWith('#')) this.#hardLink = undefined;
  }

  /** The old file of the same path, and the content that goes without saying. */
  expect(head: string): { readonly same: number | undefined; readonly content: Content } {
    const same = this.#old.atPath(pathOf(head));
    if (same !== undefined) this.near = same + 1;
    const first = this.#hardLink === undefined ? undefined : this.#placed.get(this.#hardLink);
    if (first) return { same, content: first };
    if (same !== undefined && this.#old.list[same]?.time === timeOf(head))
      return { same, content: { kind: 'old', index: same } };
    return { same, content: { kind: 'next', base: same, isLast: false } };
  }

  place(head: string, content: Content): void {
    this.#hardLink = undefined;
    this.#placed.set(pathOf(head), content.kind === 'next' ? { kind: 'new', number: this.count++ } : content);
  }
}

export interface WrittenTemplate {
  readonly bytes: Buffer;
  /** New contents in the order in which they come. */
  readonly contents: readonly (BlobRef & NewContent)[];
}

export interface NewContent {
  /** The old file that it is to be made from. */
  readonly base: number | undefined;
  /** To come after all that are not last. */
  readonly isLast: boolean;
}

/** Where each comes, of those in the order in which they appear. */
function placesOf(contents: readonly NewContent[]): number[] {
  let next = 0;
  let nextLast = contents.filter(({ isLast }) => !isLast).length;
  return contents.map(({ isLast }) => (isLast ? nextLast++ : next++));
}

function inPlace<T extends NewContent>(contents: readonly T[]): T[] {
  return [...contents.filter(({ isLast }) => !isLast), ...contents.filter(({ isLast }) => isLast)];
}

/** `choose` is asked once for each new content. @throws RippleError for a manifest that is not in the usual form */
export function writeTemplate(
  old: OldFiles,
  manifest: Uint8Array,
  choose: (path: string, content: BlobRef) => NewContent,
): WrittenTemplate {
  const walk = new Walk(old);
  const contents: (BlobRef & NewContent)[] = [];
  const numbers = new Map<Sha256, number>();
  const lines: string[] = [];
  for (const { head, content } of manifestLines(manifest)) {
    if (!content) {
      walk.pass(head);
      lines.push(head);
      continue;
    }
    const expected = walk.expect(head);
    const number = numbers.get(content.sha256);
    const known = old.withContent(content.sha256);
    let mark: string;
    let actual: Content;
    if (known !== undefined) {
      actual = { kind: 'old', index: known };
      const has = (index: number | undefined): boolean =>
        index !== undefined && old.list[index]?.sha256 === content.sha256;
      mark =
        expected.content.kind === 'old' && has(expected.content.index)
          ? ''
          : has(expected.same)
            ? ' ='
            : ` =${known - walk.near}`;
    } else if (number !== undefined) {
      actual = { kind: 'new', number };
      mark = expected.content.kind === 'new' && expected.content.number === number ? '' : ` +${walk.count - number}`;
    } else {
      const chosen = choose(pathOf(head), content);
      const { base, isLast } = chosen;
      numbers.set(content.sha256, contents.length);
      contents.push({ ...content, ...chosen });
      actual = { kind: 'next', ...chosen };
      const sign = isLast ? ' !' : ' *';
      mark =
        expected.content.kind === 'next' && expected.content.base === base && !isLast
          ? ''
          : base === undefined
            ? sign
            : `${sign}${base - walk.near}`;
    }
    walk.place(head, actual);
    lines.push(head + mark);
  }
  const bytes = Buffer.from(lines.join('\n'), 'latin1');
  const inOrder = inPlace(contents);
  const again = new ReadTemplate(old, bytes).expand(inOrder);
  if (!again.equals(manifest))
    throw new RippleError('InvalidArgument', 'the manifest is not in the usual form; no bundle can be made to it');
  return { bytes, contents: inOrder };
}

/** An old file's content, or the new content that comes at this place. */
export type FileContent =
  | { readonly kind: 'old'; readonly index: number }
  | { readonly kind: 'new'; readonly number: number };

/** `path`: as escaped in the manifest. */
export type TemplateFile = FileContent & { readonly path: string };

/** A template as it came: bounded by its own length, and everything it names is there. */
export class ReadTemplate {
  readonly #old: OldFiles;
  readonly #lines: readonly { readonly head: string; readonly content?: Content }[];
  /** For each new content, in the order in which they come, the old file that it is made from. */
  readonly bases: readonly (number | undefined)[];
  /** So many come before those that are marked as last. */
  readonly usualCount: number;
  /** For each as it first appears where it comes. */
  readonly #places: readonly number[];

  constructor(old: OldFiles, bytes: Uint8Array) {
    this.#old = old;
    const walk = new Walk(old);
    const contents: NewContent[] = [];
    this.#lines = linesOf(bytes).map((line) => {
      if (!isFileHead(line)) {
        walk.pass(line);
        return { head: line };
      }
      const [mark, sign, digits] = MARK.exec(line) ?? [];
      const head = mark === undefined ? line : line.slice(0, -mark.length);
      const expected = walk.expect(head);
      const content = sign === undefined ? expected.content : this.#marked(sign, digits, expected.same, walk);
      if (content.kind === 'next') contents.push(content);
      const settled: Content = content.kind === 'next' ? { kind: 'new', number: walk.count } : content;
      walk.place(head, content);
      return { head, content: settled };
    });
    this.bases = inPlace(contents).map(({ base }) => base);
    this.usualCount = contents.filter(({ isLast }) => !isLast).length;
    this.#places = placesOf(contents);
  }

  #marked(sign: string, digits: string | undefined, same: number | undefined, walk: Walk): Content {
    const index = digits === undefined ? undefined : Number(digits);
    if (sign === '+') {
      const number = walk.count - (index ?? 0);
      if (number < 0 || number >= walk.count) throw damaged();
      return { kind: 'new', number };
    }
    const named = index === undefined ? (sign === '=' ? same : undefined) : walk.near + index;
    if (named !== undefined && !this.#old.list[named]) throw damaged();
    if (sign === '*' || sign === '!') return { kind: 'next', base: named, isLast: sign === '!' };
    if (named === undefined) throw damaged();
    return { kind: 'old', index: named };
  }

  /** The manifest; `contents` are the new contents in the order in which they come. */
  expand(contents: readonly BlobRef[]): Buffer {
    const lines = this.#lines.map(({ head, content }) => {
      if (!content) return head;
      const file = this.#fileOf(content);
      const ref = file?.kind === 'old' ? this.#old.list[file.index] : file && contents[file.number];
      if (!ref) throw damaged();
      return head + tailOf(ref);
    });
    return Buffer.from(lines.join('\n'), 'latin1');
  }

  /** The files of the new manifest, in its order. */
  files(): TemplateFile[] {
    return this.#lines.flatMap(({ head, content }) => {
      const file = content && this.#fileOf(content);
      return file ? [{ ...file, path: pathOf(head) }] : [];
    });
  }

  #fileOf(content: Content): FileContent | undefined {
    if (content.kind === 'old') return content;
    const number = content.kind === 'new' ? this.#places[content.number] : undefined;
    return number === undefined ? undefined : { kind: 'new', number };
  }
}

function damaged(): RippleError {
  return new RippleError('HashMismatch', 'the bundle names a file that is not there; fetch it again');
}
