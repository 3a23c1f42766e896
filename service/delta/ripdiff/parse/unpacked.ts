import type { Parse } from './parse.ts';

/** Larger files stay as they are. */
export const MAX_PACKED_BYTES = 16 << 20;
export const MAX_FORM_BYTES = 128 << 20;
/** The form of a small file may have so much; of a larger one it may be so many times as large. */
const FREE_FORM_BYTES = 8 << 20;
const MAX_RATIO = 16;

/** What a file of so many bytes may be in its form; it may be held whole. */
export function maxFormBytes(fileBytes: number): number {
  return Math.min(MAX_FORM_BYTES, Math.max(FREE_FORM_BYTES, MAX_RATIO * fileBytes));
}

/** Files with the content of each packed stream in place of the stream, and how it was packed. */
export interface Unpacked<Stream> {
  /** One file after another. */
  readonly form: Uint8Array;
  /** Where each of them ends. */
  readonly ends: readonly number[];
  readonly parse: Parse;
  /** Of each. */
  readonly streams: readonly (readonly Stream[])[];
}
