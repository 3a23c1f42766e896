/**
 * The log of every request that reached a disk, as QEMU's `blklogwrites` driver writes it: the format of Linux's
 * dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst; all numbers little-endian, 64 bits each).
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const MAGIC = 0x6a736677736872n;
const FLUSH = 1n;
const FUA = 2n;
const DISCARD = 4n;
const HEADER_BYTES = 32;
/** Positions in the log's first sector. */
const ENTRIES_AT = 16;
const SECTOR_SIZE_AT = 24;

export interface LogEntry {
  /** Where on the disk. */
  readonly offset: number;
  readonly bytes: number;
  /** Everything that was written before is on the medium. */
  readonly flush: boolean;
  /** This one is on the medium when it is told to be done. */
  readonly forced: boolean;
  /** What was written; `undefined` for a flush without data, zeros for a discard. */
  readonly data: Buffer | undefined;
}

/** How many requests the log holds so far. */
export function loggedEntries(path: string): number {
  const head = Buffer.alloc(512);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  return head.readBigUInt64LE(0) === MAGIC ? Number(head.readBigUInt64LE(ENTRIES_AT)) : 0;
}

export function readBlockLog(path: string): LogEntry[] {
  const log = readFileSync(path);
  if (log.readBigUInt64LE(0) !== MAGIC) throw new Error(`${path} is not a block log`);
  const count = Number(log.readBigUInt64LE(ENTRIES_AT));
  const sectorBytes = log.readUInt32LE(SECTOR_SIZE_AT);
  const entries: LogEntry[] = [];
  for (let at = sectorBytes; entries.length < count; at += sectorBytes) {
    if (at + HEADER_BYTES > log.length) throw new Error(`${path} ends after ${entries.length} of ${count} entries`);
    const [sector, sectors, flags] = [0, 8, 16].map((place) => log.readBigUInt64LE(at + place));
    if (sector === undefined || sectors === undefined || flags === undefined) throw new Error('unreachable');
    const bytes = Number(sectors) * sectorBytes;
    const discard = (flags & DISCARD) !== 0n;
    const written = discard ? Buffer.alloc(bytes) : log.subarray(at + sectorBytes, at + sectorBytes + bytes);
    if (!discard) at += bytes;
    entries.push({
      offset: Number(sector) * sectorBytes,
      bytes,
      flush: (flags & FLUSH) !== 0n,
      forced: (flags & FUA) !== 0n,
      data: bytes > 0 ? written : undefined,
    });
  }
  return entries;
}
