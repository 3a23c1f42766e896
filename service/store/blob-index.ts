/**
 * Where in a manifest each blob is named. One sorted buffer, 38 bytes an entry (32 of hash, 6 of offset of the line),
 * so that 100,000 files cost 4 MB; the line itself is read again when it is asked for.
 */
import { RippleError } from '../api/errors.ts';
import type { FileEntry } from '../core/entry.ts';
import type { Sha256 } from '../core/ports.ts';
import { readPath, readSha256, readSize, readTime } from '../image/manifest-fields.ts';

const HASH_BYTES = 32;
const OFFSET_BYTES = 6;
const RECORD_BYTES = HASH_BYTES + OFFSET_BYTES;
/** Files of equal content: if the first were changed, one of the next may do. */
const MAX_COPIES = 8;
const NEWLINE = 0x0a;
const COMMENT = 0x23;
const KEYWORD = ' sha256=';

export class BlobIndex {
  readonly #records: Buffer;

  private constructor(records: Buffer) {
    this.#records = records;
  }

  /** `manifest` was checked against its hash, and read by `parseManifest`, before. */
  static of(manifest: Uint8Array): BlobIndex {
    const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.length);
    const found = Buffer.allocUnsafe(countOf(bytes, KEYWORD) * RECORD_BYTES);
    let count = 0;
    for (let at = 0; at < bytes.length; ) {
      let end = bytes.indexOf(NEWLINE, at);
      if (end === -1) end = bytes.length;
      const hash = end - 2 * HASH_BYTES;
      const keyword = hash - KEYWORD.length;
      if (bytes[at] !== COMMENT && keyword > at && bytes.toString('latin1', keyword, hash) === KEYWORD) {
        const record = count * RECORD_BYTES;
        if (found.write(bytes.toString('latin1', hash, end), record, 'hex') === HASH_BYTES) {
          found.writeUIntBE(at, record + HASH_BYTES, OFFSET_BYTES);
          count += 1;
        }
      }
      at = end + 1;
    }
    return new BlobIndex(sorted(found, count));
  }

  get size(): number {
    return this.#records.length / RECORD_BYTES;
  }

  /** Bytes of memory that it holds. */
  get heldBytes(): number {
    return this.#records.length;
  }

  /** Offsets in the manifest of lines that name this blob, at most `MAX_COPIES`, in the manifest's order. */
  offsets(sha256: Sha256): number[] {
    const wanted = Buffer.from(sha256, 'hex');
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    const result: number[] = [];
    for (let i = low; i < this.size && result.length < MAX_COPIES && this.#compare(i, wanted) === 0; i++)
      result.push(this.#records.readUIntBE(i * RECORD_BYTES + HASH_BYTES, OFFSET_BYTES));
    return result;
  }

  #compare(record: number, hash: Buffer): number {
    const start = record * RECORD_BYTES;
    return this.#records.compare(hash, 0, HASH_BYTES, start, start + HASH_BYTES);
  }
}

/** What the line of a file says of its place and state. Throws `InvalidArgument`. */
export function readFileLine(line: string): Pick<FileEntry, 'path' | 'sizeBytes' | 'timeNs' | 'sha256'> {
  const [path = '', ...words] = line.split(' ');
  const value = (keyword: string) => {
    const word = words.find((one) => one.startsWith(`${keyword}=`));
    if (word === undefined) throw new RippleError('InvalidArgument', `manifest: ${keyword} is missing`);
    return word.slice(keyword.length + 1);
  };
  return {
    path: readPath('path', path),
    sizeBytes: readSize(value('size')),
    timeNs: readTime(value('time')),
    sha256: readSha256(value('sha256')),
  };
}

function countOf(bytes: Buffer, text: string): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) count += 1;
  return count;
}

/** Sorts by hash, then by offset. The first six bytes decide nearly always, and are exact in a double. */
function sorted(found: Buffer, count: number): Buffer {
  const keys = new Float64Array(count);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    keys[i] = found.readUIntBE(i * RECORD_BYTES, 6);
    order[i] = i;
  }
  order.sort((a, b) => {
    const difference = (keys[a] ?? 0) - (keys[b] ?? 0);
    if (difference !== 0) return difference;
    const start = b * RECORD_BYTES;
    return found.compare(found, start, start + RECORD_BYTES, a * RECORD_BYTES, (a + 1) * RECORD_BYTES);
  });
  const records = Buffer.allocUnsafe(count * RECORD_BYTES);
  order.forEach((from, to) => {
    found.copy(records, to * RECORD_BYTES, from * RECORD_BYTES, (from + 1) * RECORD_BYTES);
  });
  return records;
}
