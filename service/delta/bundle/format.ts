/**
 * A bundle: everything needed to go from manifest A to manifest B.
 * ```
 * RIPBUND2
 * n                 LEB128: how many contents are new
 * bytes             LEB128: how many bytes they have together, so that room is counted before the rest comes
 * n × 4 bytes       of each the first bytes of its SHA-256
 * a solid stream    record 0: the template of manifest B (template.ts), made from A without its sizes and hashes;
 *                   records 1 … n: the new contents, each made from an old file or from nothing, as the template says; or, where
 *                   the record says so, from further old files and contents before it as well, or from those alone;
 *                   a Debian list of MD5 sums is made from the old one with the sums of new contents before it (md5-lists.ts)
 * ```
 * A hash is 32 bytes that nothing can compress, so none is sent: the reader computes them, builds the manifest, and its
 * hash, which is signed, decides. The four bytes are there only to stop at the first content that came out wrong,
 * instead of at the end; they prove nothing.
 */
import { RippleError } from '../../api/errors.ts';

export const BUNDLE_MAGIC = 'RIPBUND2';
export const CHECK_BYTES = 4;
/** All files but the first that one content is made from have no more bytes together: a reader holds them beside the first. */
export const MAX_FURTHER_BYTES = 1 << 25;
/** Holds any safe integer up to 2^49. */
const MAX_LEB128_BYTES = 7;

export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

export interface BundleHeader {
  readonly checks: readonly Buffer[];
  /** Of all new contents together. */
  readonly newBytes: number;
}

export interface HeaderLimits {
  readonly maxContents: number;
  readonly maxNewBytes: number;
}

/**
 * The header at the start of `bytes` and where it ends; `undefined` while more bytes are needed.
 * @throws RippleError `HashMismatch` for what is no bundle or claims more than the limits
 */
export function readHeader(
  bytes: Buffer,
  { maxContents, maxNewBytes }: HeaderLimits,
): (BundleHeader & { readonly end: number }) | undefined {
  const magic = BUNDLE_MAGIC.slice(0, bytes.length);
  if (bytes.toString('latin1', 0, magic.length) !== magic)
    throw new RippleError('HashMismatch', `this is no ${BUNDLE_MAGIC} bundle`);
  const count = readLeb128(bytes, BUNDLE_MAGIC.length);
  const size = count && readLeb128(bytes, count.end);
  if (!count || !size) return undefined;
  if (count.value > maxContents || size.value > maxNewBytes)
    throw new RippleError('HashMismatch', `the bundle claims ${count.value} new files of ${size.value} bytes; refused`);
  const end = size.end + count.value * CHECK_BYTES;
  if (end > bytes.length) return undefined;
  const checks = Array.from({ length: count.value }, (_, i) =>
    Buffer.from(bytes.subarray(size.end + i * CHECK_BYTES, size.end + (i + 1) * CHECK_BYTES)),
  );
  return { checks, newBytes: size.value, end };
}

function readLeb128(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < MAX_LEB128_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new RippleError('HashMismatch', 'the bundle has a number that is too long; fetch it again');
}
