/** One entry of a tree, as the manifest lists it. Paths and link targets are bytes, for names need not be UTF-8. */

/**
 * A byte string kept in a JavaScript string, one character (0–255) a byte ("latin1"). It compares in byte order with
 * `<`, works as a map key, and becomes a path for `fs` by `Buffer.from(path, 'latin1')`.
 */
export type ByteString = string;

interface EntryBase {
  /** `.` for the root, else `./usr/bin/env`: unescaped bytes. */
  readonly path: ByteString;
  /** Permission bits with setuid, setgid and sticky: 0–0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Modification time in nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** Extended attributes, sorted by name; absent when there are none. Capabilities are `security.capability`. */
  readonly xattrs?: readonly Xattr[];
}

export interface Xattr {
  readonly name: ByteString;
  readonly value: Uint8Array;
}

export interface FileEntry extends EntryBase {
  readonly type: 'file';
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Path of the first entry (in byte order) of the same inode, when this is a later one of a hard-link group. */
  readonly hardLinkOf?: ByteString;
  /** The file had holes: writers leave holes where whole zero blocks are. */
  readonly sparse?: true;
}

export interface DirectoryEntry extends EntryBase {
  readonly type: 'dir';
}

export interface SymlinkEntry extends EntryBase {
  readonly type: 'link';
  readonly target: ByteString;
}

export interface FifoEntry extends EntryBase {
  readonly type: 'fifo';
}

export interface DeviceEntry extends EntryBase {
  readonly type: 'char' | 'block';
  /** `st_rdev` as Linux encodes it. */
  readonly device: number;
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | FifoEntry | DeviceEntry;
