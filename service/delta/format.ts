import type { ByteSource } from './byte-source.ts';

export const FORMAT_NAMES = ['ripple', 'bsdiff40'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** Takes the new file in order; what it is given is only lent. */
export type Sink = (bytes: Uint8Array) => void;

export interface DecodeLimits {
  /** The new file may have no more bytes than this: a decoder throws before it hands on more. */
  readonly maxNewBytes: number;
}

/** From 0 to 1. */
export type ShareListener = (share: number) => void;

/** One way to write the difference of two files. */
export interface DiffFormat {
  readonly name: FormatName;
  /** The first 8 bytes of such a diff, in latin1. */
  readonly magic: string;
  encode(old: Uint8Array, target: Uint8Array, onShare?: ShareListener): Uint8Array;
  /** Throws `RippleError` for anything that does not make sense: the diff comes from anybody. */
  decode(old: ByteSource, diff: ByteSource, sink: Sink, limits: DecodeLimits): void;
}
