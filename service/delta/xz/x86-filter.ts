/**
 * The filter that packers lay over x86 programs: distances of calls and jumps become addresses, so that calls of one function look
 * alike (Igor Pavlov's BCJ, as the xz file format 1.2.0 has it under 5.3.2). Which bytes it takes for a call depends on those before, so
 * packing and unpacking go through the same steps.
 */

const CALL_BYTES = 5;
/** By the opcodes seen shortly before, as a mask: how many bytes back the nearest of them is; those that are not here rule a call out. */
const BACK = [0, 1, 2, undefined, 3] as const;

/** Addresses become distances again, in place. */
export function unfilterX86(bytes: Uint8Array): void {
  convert(bytes, false);
}

/** Distances become addresses, in place. */
export function filterX86(bytes: Uint8Array): void {
  convert(bytes, true);
}

function isSign(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}

function convert(bytes: Uint8Array, toAddresses: boolean): void {
  const end = bytes.length - CALL_BYTES;
  let mask = 0;
  let before = -CALL_BYTES;
  for (let at = 0; at <= end; ) {
    if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) {
      at++;
      continue;
    }
    const gap = at - before;
    before = at;
    if (gap > CALL_BYTES) mask = 0;
    else for (let i = 0; i < gap; i++) mask = (mask & 0x77) << 1;
    const top = bytes[at + 4] ?? 0;
    const back = BACK[mask >> 1];
    if (!isSign(top) || back === undefined) {
      at++;
      mask |= isSign(top) ? 0x11 : 1;
      continue;
    }
    put(bytes, at, converted(bytes, at, back, toAddresses));
    at += CALL_BYTES;
    mask = 0;
  }
}

function converted(bytes: Uint8Array, at: number, back: number, toAddresses: boolean): number {
  const next = at + CALL_BYTES;
  let value =
    (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8) | ((bytes[at + 3] ?? 0) << 16) | ((bytes[at + 4] ?? 0) << 24);
  for (;;) {
    const result = toAddresses ? (value + next) | 0 : (value - next) | 0;
    // Where an opcode before it may have been meant, the byte that both share must not look like a sign.
    if (back === 0 || !isSign((result >>> (24 - back * 8)) & 255)) return result;
    value = result ^ ((1 << (32 - back * 8)) - 1);
  }
}

/** The top byte follows bit 24. */
function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at + 1] = value;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value >>> 16;
  bytes[at + 4] = (value >>> 24) & 1 ? 0xff : 0;
}
