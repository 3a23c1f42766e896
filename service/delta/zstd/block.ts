/** What a packed block is made of, apart from its symbols; and the symbols as the sequences that they are packed as. */
import type { Counts } from './counts.ts';
import { MAX_BLOCK, MIN_MATCH } from './format.ts';
import type { FseTable } from './fse-table.ts';
import type { Huffman } from './huffman.ts';

/** How the sequences' tables are told. */
export interface SequenceShape {
  /** By field. */
  readonly modes: readonly number[];
  /** Where they are told as counts. */
  readonly counts: readonly (Counts | undefined)[];
}

export interface BlockShape {
  readonly literals: number;
  /** How sizes of literals are written, see RFC 8878, 3.1.1.3.1.1. */
  readonly sizes: number;
  /** What is sent of a Huffman code that is new. */
  readonly weights: Uint8Array | undefined;
  readonly description: Uint8Array | undefined;
  /** Undefined where there are no sequences. */
  readonly sequences: SequenceShape | undefined;
}

export interface Block {
  readonly kind: number;
  readonly isLast: boolean;
  readonly contentBytes: number;
  readonly shape: BlockShape | undefined;
}

/** Tables that a later block may use again. */
export interface Tables {
  huffman: Huffman | undefined;
  readonly fields: (FseTable | undefined)[];
}

export function noTables(): Tables {
  return { huffman: undefined, fields: [undefined, undefined, undefined] };
}

const MAX_SEQUENCES = Math.ceil(MAX_BLOCK / MIN_MATCH) + 1;

/** Literals and sequences of one block. */
export class Sequences {
  readonly #literals = new Uint8Array(MAX_BLOCK);
  literalCount = 0;
  count = 0;
  readonly literalLengths = new Uint32Array(MAX_SEQUENCES);
  readonly matchLengths = new Uint32Array(MAX_SEQUENCES);
  readonly offsets = new Float64Array(MAX_SEQUENCES);
  #pending = 0;

  clear(): void {
    this.literalCount = 0;
    this.count = 0;
    this.#pending = 0;
  }

  get literals(): Uint8Array {
    return this.#literals.subarray(0, this.literalCount);
  }

  literal(byte: number): void {
    this.#literals[this.literalCount++] = byte;
    this.#pending++;
  }

  /** `offset`: 1 to 3 for a distance that is repeated, else 3 more than the distance. */
  match(length: number, offset: number): void {
    this.literalLengths[this.count] = this.#pending;
    this.matchLengths[this.count] = length;
    this.offsets[this.count++] = offset;
    this.#pending = 0;
  }

  /** The last match is longer. */
  goOn(length: number): void {
    const last = this.count - 1;
    this.matchLengths[last] = (this.matchLengths[last] ?? 0) + length;
  }
}
