/** Small questions about entries that several parts ask. */
import type { ByteString, Entry, Xattr } from '../core/entry.ts';

/** The order of paths and attribute names everywhere: by bytes. */
export function compareBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Both sorted by name. */
export function sameXattrs(a: readonly Xattr[] = [], b: readonly Xattr[] = []): boolean {
  return (
    a.length === b.length &&
    a.every((x, i) => {
      const y = b[i];
      return y !== undefined && x.name === y.name && Buffer.compare(x.value, y.value) === 0;
    })
  );
}

/** Finds a path among entries that are sorted by path. */
export function findEntry(entries: readonly Entry[], path: ByteString): Entry | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry === undefined || entry.path === path) return entry;
    if (entry.path < path) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** A path for people, on one line: control characters, and bytes that are not UTF-8, are shown as `\x1b`. */
export function displayPath(path: ByteString): string {
  const text = Buffer.from(path, 'latin1').toString('utf8');
  const hex = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return text.includes('\ufffd') ? path.replace(/[^ -~]/g, hex) : text.replace(/\p{Cc}/gu, hex);
}
