// Little-endian reads that answer 0 outside the array: what is read is only ever a guess to be checked.

export function u16(b: Uint8Array, at: number): number {
  return (b[at] ?? 0) | ((b[at + 1] ?? 0) << 8);
}

export function i32(b: Uint8Array, at: number): number {
  return (b[at] ?? 0) | ((b[at + 1] ?? 0) << 8) | ((b[at + 2] ?? 0) << 16) | ((b[at + 3] ?? 0) << 24);
}

export function u32(b: Uint8Array, at: number): number {
  return i32(b, at) >>> 0;
}

/** 64 bits as a number; rounded above 2^53, where nothing here looks for an address. */
export function u64(b: Uint8Array, at: number): number {
  return u32(b, at) + u32(b, at + 4) * 0x100000000;
}

export function putU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}

/** `value` below 2^53, or negative for two's complement. */
export function putU64(b: Uint8Array, at: number, value: number): void {
  putU32(b, at, value % 0x100000000);
  putU32(b, at + 4, Math.floor(value / 0x100000000));
}
