/**
 * The one reader of manifests. It is fed bytes from the network: bounded in every dimension, without backtracking, and
 * so strict that what it lets through can be written to disk as it stands (DESIGN 4, check 6).
 */
import { RippleError } from '../api/errors.ts';
import type { ByteString, Entry, FileEntry, Xattr } from '../core/entry.ts';
import { findEntry, sameXattrs } from './entries.ts';
import {
  invalid,
  isName,
  quoted,
  readBytes,
  readDevice,
  readId,
  readMode,
  readPath,
  readSha256,
  readSize,
  readTime,
  readXattr,
} from './manifest-fields.ts';

export interface ManifestLimits {
  readonly maxBytes: number;
  readonly maxLineBytes: number;
  readonly maxEntries: number;
  /** Components below the root. */
  readonly maxDepth: number;
  /** For each entry. */
  readonly maxXattrs: number;
  /** Bytes of one attribute's value. */
  readonly maxXattrBytes: number;
}

export const MANIFEST_LIMITS: ManifestLimits = {
  maxBytes: 128 << 20,
  maxLineBytes: 128 << 10,
  maxEntries: 1_000_000,
  maxDepth: 256,
  maxXattrs: 128,
  // The most that Linux takes (XATTR_SIZE_MAX).
  maxXattrBytes: 64 << 10,
};

const SIGNATURE = '#mtree v2.0';
const RIPPLE = '#ripple:';

const COMMON_KEYWORDS = ['type', 'mode', 'uid', 'gid', 'time'];
const KEYWORDS_OF = {
  file: [...COMMON_KEYWORDS, 'size', 'sha256'],
  dir: COMMON_KEYWORDS,
  link: [...COMMON_KEYWORDS, 'link'],
  fifo: COMMON_KEYWORDS,
  char: [...COMMON_KEYWORDS, 'device'],
  block: [...COMMON_KEYWORDS, 'device'],
} as const;
type EntryType = keyof typeof KEYWORDS_OF;
const KNOWN_KEYWORDS: ReadonlySet<string> = new Set(Object.values(KEYWORDS_OF).flat());

function isEntryType(text: string): text is EntryType {
  return Object.hasOwn(KEYWORDS_OF, text);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the `#ripple:` lines said of the entry that comes next. */
interface Extras {
  hardLinkOf?: ByteString;
  sparse?: true;
  xattrs?: Xattr[];
}

class Parser {
  readonly entries: Entry[] = [];
  readonly #limits: ManifestLimits;
  /** Depth of every directory so far. */
  readonly #depths = new Map<ByteString, number>();
  #extras: Extras | undefined;

  constructor(limits: ManifestLimits) {
    this.#limits = limits;
  }

  readLine(line: string): void {
    if (line.length > this.#limits.maxLineBytes) throw invalid(`longer than ${this.#limits.maxLineBytes} bytes`);
    if (line.startsWith(RIPPLE)) this.#readExtra(line);
    else if (line !== '' && !line.startsWith('#')) this.#readEntry(line);
  }

  end(): void {
    if (this.#extras) throw invalid('#ripple: line without an entry after it');
    if (this.entries.length === 0) throw invalid('no entries');
  }

  #readExtra(line: string): void {
    this.#extras ??= {};
    const extras = this.#extras;
    const [, keyword, value] = /^#ripple: ([a-z]+)(?:=(.*))?$/.exec(line) ?? [];
    if (keyword === 'hardlink' && value !== undefined) {
      if (extras.hardLinkOf !== undefined || extras.sparse || extras.xattrs)
        throw invalid('#ripple: hardlink must stand once, before the other #ripple: lines');
      extras.hardLinkOf = readPath('hardlink', value);
    } else if (keyword === 'sparse' && value === undefined) {
      if (extras.sparse || extras.xattrs) throw invalid('#ripple: sparse must stand once, before xattr');
      extras.sparse = true;
    } else if (keyword === 'xattr' && value !== undefined) {
      extras.xattrs ??= [];
      if (extras.xattrs.length >= this.#limits.maxXattrs)
        throw invalid(`more than ${this.#limits.maxXattrs} xattr lines`);
      const xattr = readXattr(value, this.#limits.maxXattrBytes);
      const before = extras.xattrs.at(-1);
      if (before !== undefined && before.name >= xattr.name)
        throw invalid(`xattr ${quoted(xattr.name)} twice or out of order`);
      extras.xattrs.push(xattr);
    } else throw invalid(`unknown #ripple: keyword ${quoted(keyword ?? line)}`);
  }

  #readEntry(line: string): void {
    // One word more than there can be, which then is a keyword that stands twice or is unknown.
    const words = line.split(' ', KNOWN_KEYWORDS.size + 2);
    const path = readPath('path', words[0] ?? '');
    const values = new Map<string, string>();
    for (let i = 1; i < words.length; i++) {
      const [keyword, value] = splitWord(words[i] ?? '');
      if (values.has(keyword)) throw invalid(`${keyword} twice`);
      values.set(keyword, value);
    }
    const type = values.get('type') ?? '';
    if (!isEntryType(type)) throw invalid(`type ${quoted(type)} is unknown`);
    const wanted: readonly string[] = KEYWORDS_OF[type];
    for (const keyword of wanted) if (!values.has(keyword)) throw invalid(`${keyword} is missing`);
    if (values.size > wanted.length)
      throw invalid(`${[...values.keys()].find((key) => !wanted.includes(key))} does not belong to type=${type}`);

    this.#place(path, type);
    const extras = this.#extras ?? {};
    this.#extras = undefined;
    const entry = buildEntry(path, type, (keyword) => values.get(keyword) ?? '', extras);
    if (entry.type === 'file' && entry.hardLinkOf !== undefined) checkHardLink(this.entries, entry, entry.hardLinkOf);
    this.entries.push(entry);
  }

  /**
   * The path must be new, in order, and directly in a directory that was listed: so there is no way out of the tree, by
   * name or through a symbolic link. (That the earlier components are sound follows from the parent's own entry.)
   */
  #place(path: ByteString, type: EntryType): void {
    if (this.entries.length >= this.#limits.maxEntries) throw invalid(`more than ${this.#limits.maxEntries} entries`);
    const before = this.entries.at(-1)?.path;
    if (before === undefined) {
      if (path !== '.' || type !== 'dir') throw invalid('the first entry must be the directory "."');
      this.#depths.set(path, 0);
      return;
    }
    const slash = path.lastIndexOf('/');
    if (!isName(path.slice(slash + 1))) throw invalid(`path ${quoted(path)} has a component that is not allowed`);
    if (path <= before) throw invalid(`path ${quoted(path)} twice or out of order`);
    const parentDepth = slash === -1 ? undefined : this.#depths.get(path.slice(0, slash));
    if (parentDepth === undefined) throw invalid(`path ${quoted(path)} is in no directory listed before it`);
    if (parentDepth >= this.#limits.maxDepth)
      throw invalid(`path ${quoted(path)} is more than ${this.#limits.maxDepth} folders deep`);
    if (type === 'dir') this.#depths.set(path, parentDepth + 1);
  }
}

function splitWord(word: string): [keyword: string, value: string] {
  const equals = word.indexOf('=');
  const keyword = equals === -1 ? word : word.slice(0, equals);
  if (equals === -1 || !KNOWN_KEYWORDS.has(keyword)) throw invalid(`unknown keyword ${quoted(keyword)}`);
  return [keyword, word.slice(equals + 1)];
}

function buildEntry(path: ByteString, type: EntryType, value: (keyword: string) => string, extras: Extras): Entry {
  const { hardLinkOf, sparse, xattrs } = extras;
  const entry = plainEntry(path, type, value);
  if (entry.type === 'file') {
    if (hardLinkOf !== undefined) entry.hardLinkOf = hardLinkOf;
    if (sparse) entry.sparse = sparse;
  } else if (hardLinkOf !== undefined || sparse)
    throw invalid(`${sparse ? 'sparse' : 'hardlink'} does not belong to type=${type}`);
  if (xattrs) entry.xattrs = xattrs;
  return entry;
}

function plainEntry(path: ByteString, type: EntryType, value: (keyword: string) => string): Writable<Entry> {
  const mode = readMode(value('mode'));
  const uid = readId('uid', value('uid'));
  const gid = readId('gid', value('gid'));
  const timeNs = readTime(value('time'));
  switch (type) {
    case 'dir':
    case 'fifo':
      return { path, type, mode, uid, gid, timeNs };
    case 'link':
      return { path, type, mode, uid, gid, timeNs, target: readBytes('link', value('link')) };
    case 'char':
    case 'block':
      return { path, type, mode, uid, gid, timeNs, device: readDevice(value('device')) };
    case 'file': {
      const sizeBytes = readSize(value('size'));
      const sha256 = readSha256(value('sha256'));
      return { path, type, mode, uid, gid, timeNs, sizeBytes, sha256 };
    }
  }
}

/** An inode has one content and one set of attributes, so all its names must agree. */
function checkHardLink(before: readonly Entry[], entry: FileEntry, firstPath: ByteString): void {
  const first = findEntry(before, firstPath);
  if (first?.type !== 'file' || first.hardLinkOf !== undefined)
    throw invalid(`hardlink ${quoted(firstPath)} names no file listed before`);
  const same =
    first.sha256 === entry.sha256 &&
    first.sizeBytes === entry.sizeBytes &&
    first.mode === entry.mode &&
    first.uid === entry.uid &&
    first.gid === entry.gid &&
    first.timeNs === entry.timeNs &&
    first.sparse === entry.sparse &&
    sameXattrs(first.xattrs, entry.xattrs);
  if (!same) throw invalid(`hardlink ${quoted(firstPath)} names a file that differs`);
}

/**
 * Entries in ascending byte order of their paths, root first; every entry's parent is a directory before it. Throws
 * `InvalidArgument` naming the line and what is wrong in it.
 */
export function parseManifest(bytes: Uint8Array, limits: Partial<ManifestLimits> = {}): Entry[] {
  const all = { ...MANIFEST_LIMITS, ...limits };
  if (bytes.length > all.maxBytes) throw invalid(`manifest: ${bytes.length} bytes, at most ${all.maxBytes} are read`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const parser = new Parser(all);
  let line = 0;
  try {
    for (let at = 0; at < text.length; ) {
      line++;
      const end = text.indexOf('\n', at);
      if (end === -1) throw invalid('does not end in a newline');
      if (line === 1 && text.slice(at, end) !== SIGNATURE) throw invalid(`must be "${SIGNATURE}"`);
      parser.readLine(text.slice(at, end));
      at = end + 1;
    }
    parser.end();
  } catch (error) {
    if (error instanceof RippleError) throw invalid(`manifest line ${line}: ${error.message}`);
    throw error;
  }
  return parser.entries;
}
