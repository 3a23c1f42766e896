/**
 * A bundle: everything needed to go from manifest A to manifest B.
 * ```
 * RIPBUND1
 * n                 LEB128: how many contents are new
 * n × 4 bytes       of each the first bytes of its SHA-256
 * a solid stream    record 0: the template of manifest B (template.ts), made from A without its sizes and hashes;
 *                   records 1 … n: the new contents, each made from an old file or from nothing
 * ```
 * A hash is 32 bytes that nothing can compress, so none is sent: the reader computes them, builds the manifest, and its
 * hash, which is signed, decides. The four bytes are there only to stop at the first content that came out wrong,
 * instead of at the end; they prove nothing.
 */
import { RippleError } from '../../api/errors.ts';

export const BUNDLE_MAGIC = 'RIPBUND1';
export const CHECK_BYTES = 4;
const MAX_LEB128_BYTES = 4;

export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

export interface BundleHeader {
  readonly checks: readonly Buffer[];
  /** Where the solid stream begins. */
  readonly bodyAt: number;
}

/** More than `maxContents` new contents are refused. */
export function readHeader(bundle: Buffer, maxContents: number): BundleHeader {
  if (bundle.toString('latin1', 0, BUNDLE_MAGIC.length) !== BUNDLE_MAGIC)
    throw new RippleError('HashMismatch', 'this is no RIPBUND1 bundle');
  let count = 0;
  let at = BUNDLE_MAGIC.length;
  for (let i = 0; ; i++) {
    const byte = bundle[at++];
    if (byte === undefined || i === MAX_LEB128_BYTES) throw new RippleError('HashMismatch', 'the bundle has no end');
    count += (byte & 127) << (7 * i);
    if (byte < 128) break;
  }
  if (count > maxContents || at + count * CHECK_BYTES > bundle.length)
    throw new RippleError('HashMismatch', `the bundle claims ${count} new files; refused`);
  const checks = Array.from({ length: count }, (_, i) =>
    bundle.subarray(at + i * CHECK_BYTES, at + (i + 1) * CHECK_BYTES),
  );
  return { checks, bodyAt: at + count * CHECK_BYTES };
}
