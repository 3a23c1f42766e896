/** The checksums that a block of an xz file ends with (xz file format 1.2.0, 3.4 and 6). */
import { createHash } from 'node:crypto';
import { crc32 } from '../deflate/crc32.ts';

export const CHECK = { none: 0, crc32: 1, crc64: 4, sha256: 10 } as const;
/** By the number of the check: how long it is. */
export const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** The polynomial of ECMA-182, turned round: its upper half, and the lower one. */
const POLYNOMIAL = { high: 0xc96c5795, low: 0xd7870f42 } as const;
const HIGH = new Int32Array(256);
const LOW = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let [high, low] = [0, byte];
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd === 0) continue;
    low ^= POLYNOMIAL.low;
    high ^= POLYNOMIAL.high;
  }
  HIGH[byte] = high;
  LOW[byte] = low;
}

/** As its 8 bytes. */
function crc64(bytes: Uint8Array): Uint8Array {
  let [high, low] = [-1, -1];
  for (let at = 0; at < bytes.length; at++) {
    const index = (low ^ (bytes[at] ?? 0)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (LOW[index] ?? 0);
    high = (high >>> 8) ^ (HIGH[index] ?? 0);
  }
  const check = Buffer.alloc(8);
  check.writeInt32LE(~low, 0);
  check.writeInt32LE(~high, 4);
  return check;
}

/** Undefined for a check of a kind that is not known here. */
export function checkOf(kind: number, content: Uint8Array): Uint8Array | undefined {
  switch (kind) {
    case CHECK.none:
      return new Uint8Array(0);
    case CHECK.crc32:
      return u32(crc32(content));
    case CHECK.crc64:
      return crc64(content);
    case CHECK.sha256:
      return createHash('sha256').update(content).digest();
    default:
      return undefined;
  }
}

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
