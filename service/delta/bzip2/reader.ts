import type { ByteSource } from '../byte-source.ts';
import { DamagedDiffError } from '../damaged-diff.ts';
import { BitReader } from './bit-reader.ts';
import { BlockReader } from './block-reader.ts';
import { CRC_START, combineCrc, crcEnd, crcOver } from './crc.ts';
import { BLOCK_MAGIC, BLOCK_UNIT_BYTES, END_MAGIC } from './format.ts';

/**
 * Decompresses one bzip2 stream piece by piece. Holds one block: at most 4.6 MB. Every checksum is checked, and each
 * block before its last byte is given. `read` throws `DamagedDiffError` for whatever bzip2 would not take.
 */
export class Bzip2Reader {
  readonly #bits: BitReader;
  readonly #block: BlockReader;
  #ended = false;
  #wantedCrc = 0;
  #crc = CRC_START;
  #streamCrc = 0;

  /** The stream starts at `start` and does not go beyond `end`, both inside the source. */
  constructor(source: ByteSource, start = 0, end = source.sizeBytes) {
    this.#bits = new BitReader(source, start, end);
    const units = this.#bits.take(24) === 0x425a68 ? this.#bits.take(8) - 0x30 : 0;
    if (units < 1 || units > 9) throw new DamagedDiffError('its compressed data does not start as bzip2 does');
    this.#block = new BlockReader(units * BLOCK_UNIT_BYTES);
  }

  /** Fills `target[from..to)` as far as the stream goes; how many bytes that were: fewer only at the stream's end. */
  read(target: Uint8Array, from = 0, to = target.length): number {
    let made = from;
    while (made < to) {
      if (this.#block.done && !this.#nextBlock()) break;
      const end = this.#block.give(target, made, to);
      this.#crc = crcOver(this.#crc, target, made, end);
      made = end;
      if (this.#block.done) this.#endBlock();
    }
    return made - from;
  }

  /** True if nothing is left but a correct end of the stream. */
  atEnd(): boolean {
    return this.read(new Uint8Array(1)) === 0;
  }

  /** Right behind the stream, in the source; once it is at its end. */
  endPosition(): number {
    return this.#bits.endPosition();
  }

  #nextBlock(): boolean {
    if (this.#ended) return false;
    const magic = [this.#bits.take(24), this.#bits.take(24)];
    if (magic[0] === END_MAGIC[0] && magic[1] === END_MAGIC[1]) {
      this.#ended = true;
      if (this.#bits.take32() !== this.#streamCrc) throw new DamagedDiffError('the checksum of its data is wrong');
      return false;
    }
    if (magic[0] !== BLOCK_MAGIC[0] || magic[1] !== BLOCK_MAGIC[1])
      throw new DamagedDiffError('neither a block nor the end of its compressed data');
    this.#wantedCrc = this.#bits.take32();
    this.#block.read(this.#bits);
    this.#crc = CRC_START;
    return true;
  }

  #endBlock(): void {
    const crc = crcEnd(this.#crc);
    if (crc !== this.#wantedCrc) throw new DamagedDiffError('the checksum of a block is wrong');
    this.#streamCrc = combineCrc(this.#streamCrc, crc);
  }
}
