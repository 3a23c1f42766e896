/** A disk in memory, whose content has a name, so that equal crash states are looked at once. */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** What a disk writes whole or not at all; the loop device says the same of itself. */
export const SECTOR_BYTES = 4096;

export interface Write {
  readonly offset: number;
  readonly data: Buffer;
}

/** Four numbers that stand for the whole content: the exclusive or of a hash of each sector that is not empty. */
type Digest = readonly [number, number, number, number];

export class DiskImage {
  readonly #bytes: Buffer;
  readonly #used: Uint8Array;
  #digest: Digest = [0, 0, 0, 0];

  constructor(bytes: Buffer) {
    this.#bytes = Buffer.alloc(bytes.length);
    this.#used = new Uint8Array(Math.ceil(bytes.length / SECTOR_BYTES));
    this.apply({ offset: 0, data: bytes });
  }

  apply({ offset, data }: Write): void {
    for (const [sector, next] of sectorsOf({ offset, data })) {
      const now = this.#sector(sector);
      this.#digest = mix(mix(this.#digest, sector, now), sector, next);
      next.copy(now);
      this.#used[sector] = isZero(next) ? 0 : 1;
    }
  }

  /** The name of this disk's content after `writes`, which are not made. */
  nameAfter(writes: readonly Write[]): string {
    let digest = this.#digest;
    for (const [sector, next] of overlay(writes)) digest = mix(mix(digest, sector, this.#sector(sector)), sector, next);
    return digest.map((number) => (number >>> 0).toString(16)).join('.');
  }

  /** Fills the file `path` with this disk's content after `writes`, which are not made here. */
  writeTo(path: string, writes: readonly Write[]): void {
    const fd = openSync(path, 'r+');
    try {
      ftruncateSync(fd, 0);
      ftruncateSync(fd, this.#bytes.length);
      for (let from = 0; from < this.#used.length; from++) {
        if (this.#used[from] === 0) continue;
        let to = from + 1;
        while (this.#used[to] === 1) to++;
        writeWhole(fd, this.#bytes.subarray(from * SECTOR_BYTES, to * SECTOR_BYTES), from * SECTOR_BYTES);
        from = to;
      }
      for (const [sector, data] of overlay(writes)) writeWhole(fd, data, sector * SECTOR_BYTES);
    } finally {
      closeSync(fd);
    }
  }

  #sector(sector: number): Buffer {
    return this.#bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
  }
}

/** What each sector holds after `writes`, the later over the earlier. */
function overlay(writes: readonly Write[]): Map<number, Buffer> {
  return new Map(writes.flatMap((write) => [...sectorsOf(write)]));
}

function* sectorsOf({ offset, data }: Write): Generator<[number, Buffer]> {
  if (offset % SECTOR_BYTES !== 0 || data.length % SECTOR_BYTES !== 0)
    throw new Error(`a write of ${data.length} bytes at ${offset} is not in whole sectors`);
  for (let at = 0; at < data.length; at += SECTOR_BYTES)
    yield [(offset + at) / SECTOR_BYTES, data.subarray(at, at + SECTOR_BYTES)];
}

function mix([a, b, c, d]: Digest, sector: number, content: Buffer): Digest {
  if (isZero(content)) return [a, b, c, d];
  const place = Buffer.alloc(8);
  place.writeUInt32LE(sector, 0);
  const hash = createHash('sha1').update(place).update(content).digest();
  return [a ^ hash.readInt32LE(0), b ^ hash.readInt32LE(4), c ^ hash.readInt32LE(8), d ^ hash.readInt32LE(12)];
}

const ZEROS = Buffer.alloc(SECTOR_BYTES);
function isZero(content: Buffer): boolean {
  return content.equals(ZEROS);
}

function writeWhole(fd: number, data: Buffer, position: number): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done, data.length - done, position + done);
}
