import { BitWriter } from './bit-writer.ts';
import { writeBlock } from './block-writer.ts';
import { CRC_START, combineCrc, crcEnd, crcOver } from './crc.ts';
import { BLOCK_UNIT_BYTES, END_MAGIC, MAX_BLOCK_UNITS, RUN_START } from './format.ts';

const MAX_RUN = 255;
/** A run may be five bytes long when it is written down, and bzip2 leaves this much room. */
const BLOCK_BYTES = MAX_BLOCK_UNITS * BLOCK_UNIT_BYTES - 19;

/** Compresses to one bzip2 stream, in blocks of 900,000 bytes; the same bytes always come out the same. */
export class Bzip2Writer {
  readonly #bits = new BitWriter();
  readonly #block = new Uint8Array(BLOCK_BYTES + RUN_START + 1);
  #size = 0;
  #crc = CRC_START;
  #streamCrc = 0;
  #last = -1;
  #run = 0;

  constructor() {
    this.#bits.put(0x425a68, 24);
    this.#bits.put(0x30 + MAX_BLOCK_UNITS, 8);
  }

  write(bytes: Uint8Array): void {
    // The checksum of a block is over what went into it whole, up to a run's end: runs never go over a block's end.
    let summed = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === this.#last && this.#run < MAX_RUN) {
        this.#run++;
        continue;
      }
      this.#endRun();
      if (this.#size >= BLOCK_BYTES) {
        this.#crc = crcOver(this.#crc, bytes, summed, i);
        summed = i;
        this.#endBlock();
      }
      this.#last = byte;
      this.#run = 1;
    }
    this.#crc = crcOver(this.#crc, bytes, summed, bytes.length);
  }

  /** The whole stream; nothing can be written after. */
  finish(): Uint8Array {
    this.#endRun();
    if (this.#size > 0) this.#endBlock();
    this.#bits.put(END_MAGIC[0], 24);
    this.#bits.put(END_MAGIC[1], 24);
    this.#bits.put32(this.#streamCrc);
    return this.#bits.finish();
  }

  #endRun(): void {
    const plain = Math.min(this.#run, RUN_START);
    this.#block.fill(this.#last, this.#size, this.#size + plain);
    this.#size += plain;
    if (plain === RUN_START) this.#block[this.#size++] = this.#run - RUN_START;
    this.#run = 0;
  }

  #endBlock(): void {
    const crc = crcEnd(this.#crc);
    writeBlock(this.#bits, this.#block.subarray(0, this.#size), crc);
    this.#streamCrc = combineCrc(this.#streamCrc, crc);
    this.#crc = CRC_START;
    this.#size = 0;
  }
}

export function bzip2Compress(bytes: Uint8Array): Uint8Array {
  const writer = new Bzip2Writer();
  writer.write(bytes);
  return writer.finish();
}
