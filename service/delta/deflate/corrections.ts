import { UnreadableStreamError } from './format.ts';

/**
 * Where a real stream differs from what was predicted. Writer and reader go through the same questions in the same order: the
 * writer is told how it really is, the reader ignores what it is told and answers how it was. Kept are the number of
 * questions between two wrong guesses, and what is needed there, all as LEB128.
 */
export interface Corrections {
  readonly writing: boolean;
  /** Whether the guess is right. */
  right(actually: boolean): boolean;
  /** A number below 2^28 that goes with a wrong guess, after it. */
  number(value: number): number;
}

export class CorrectionWriter implements Corrections {
  readonly writing = true;
  readonly #maxBytes: number;
  readonly #bytes: number[] = [];
  #gap = 0;

  /** More is refused: the stream comes from a program that is not known here. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  right(actually: boolean): boolean {
    if (actually) {
      this.#gap++;
      return true;
    }
    this.number(this.#gap);
    this.#gap = 0;
    return false;
  }

  number(value: number): number {
    for (let rest = value; ; rest >>>= 7) {
      this.#bytes.push(rest < 128 ? rest : (rest & 127) | 128);
      if (rest < 128) break;
    }
    if (this.#bytes.length > this.#maxBytes) throw new UnreadableStreamError('it is not as gzip or zlib pack');
    return value;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export class CorrectionReader implements Corrections {
  readonly writing = false;
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Undefined: to be read. */
  #gap: number | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  right(): boolean {
    const gap = this.#gap ?? (this.#at < this.#bytes.length ? this.number() : Number.POSITIVE_INFINITY);
    this.#gap = gap === 0 ? undefined : gap - 1;
    return gap > 0;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new UnreadableStreamError('its corrections are damaged');
  }
}
