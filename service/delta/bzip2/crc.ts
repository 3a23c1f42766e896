/** The checksum of bzip2: CRC-32 of polynomial 0x04c11db7, highest bit first (ITU-T V.42 has the same, mirrored). */
const POLYNOMIAL = 0x04c11db7;
/** Bytes taken at once: table `k` tells what a byte does that has `k` more behind it. */
const STRIDE = 8;
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STRIDE * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] ?? 0;
    tables[i] = (before << 8) ^ (tables[before >>> 24] ?? 0);
  }
  return tables;
}

export const CRC_START = -1;

/** Carries `crc` on over `bytes[from..to)`. */
export function crcOver(crc: number, bytes: Uint8Array, from: number, to: number): number {
  const t = TABLES;
  let at = from;
  let value = crc;
  for (const last = to - STRIDE; at <= last; at += STRIDE) {
    const high =
      value ^
      (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    value =
      (t[1792 + (high >>> 24)] ?? 0) ^
      (t[1536 + ((high >>> 16) & 255)] ?? 0) ^
      (t[1280 + ((high >>> 8) & 255)] ?? 0) ^
      (t[1024 + (high & 255)] ?? 0) ^
      (t[768 + (bytes[at + 4] ?? 0)] ?? 0) ^
      (t[512 + (bytes[at + 5] ?? 0)] ?? 0) ^
      (t[256 + (bytes[at + 6] ?? 0)] ?? 0) ^
      (t[bytes[at + 7] ?? 0] ?? 0);
  }
  for (; at < to; at++) value = (value << 8) ^ (t[(value >>> 24) ^ (bytes[at] ?? 0)] ?? 0);
  return value;
}

/** The checksum of the bytes that `crc` was carried over. */
export function crcEnd(crc: number): number {
  return ~crc >>> 0;
}

/** The checksum of a stream, after one more block. */
export function combineCrc(stream: number, block: number): number {
  return (((stream << 1) | (stream >>> 31)) ^ block) >>> 0;
}
