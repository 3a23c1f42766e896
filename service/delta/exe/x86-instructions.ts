// Lengths of x86 instructions (Intel SDM volume 2, appendix A), enough to walk compiled code.

/** What follows an opcode byte: M a ModRM byte, 1 one byte, 2 two bytes, 4 a word of operand size, and so on. */
const M = 1;
const IMM8 = 2;
const IMM16 = 4;
const IMMZ = 8;
const BAD = 16;
const PREFIX = 32;
/** ModRM whose reg field 0 or 1 adds an immediate (F6, F7). */
const GROUP3 = 64;

const ONE = new Uint8Array(256);
const TWO = new Uint8Array(256);

function set(table: Uint8Array, from: number, to: number, value: number): void {
  table.fill(value, from, to + 1);
}

for (let row = 0; row < 0x40; row += 8) {
  set(ONE, row, row + 3, M);
  ONE[row + 4] = IMM8;
  ONE[row + 5] = IMMZ;
  set(ONE, row + 6, row + 7, BAD);
}
for (const at of [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]) ONE[at] = PREFIX;
set(ONE, 0x60, 0x61, BAD);
ONE[0x63] = M;
ONE[0x68] = IMMZ;
ONE[0x69] = M | IMMZ;
ONE[0x6a] = IMM8;
ONE[0x6b] = M | IMM8;
set(ONE, 0x70, 0x7f, IMM8);
ONE[0x80] = M | IMM8;
ONE[0x81] = M | IMMZ;
ONE[0x82] = BAD;
ONE[0x83] = M | IMM8;
set(ONE, 0x84, 0x8f, M);
ONE[0x9a] = BAD;
ONE[0xa8] = IMM8;
ONE[0xa9] = IMMZ;
set(ONE, 0xb0, 0xb7, IMM8);
set(ONE, 0xb8, 0xbf, IMMZ);
set(ONE, 0xc0, 0xc1, M | IMM8);
ONE[0xc2] = IMM16;
ONE[0xc6] = M | IMM8;
ONE[0xc7] = M | IMMZ;
ONE[0xc8] = IMM16 | IMM8;
ONE[0xca] = IMM16;
ONE[0xcd] = IMM8;
ONE[0xce] = BAD;
set(ONE, 0xd0, 0xd3, M);
set(ONE, 0xd4, 0xd6, BAD);
set(ONE, 0xd8, 0xdf, M);
set(ONE, 0xe0, 0xe7, IMM8);
set(ONE, 0xe8, 0xe9, IMMZ);
ONE[0xea] = BAD;
ONE[0xeb] = IMM8;
ONE[0xf6] = M | IMM8 | GROUP3;
ONE[0xf7] = M | IMMZ | GROUP3;
set(ONE, 0xfe, 0xff, M);

set(TWO, 0, 255, M);
for (const at of [0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e, 0x77, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa]) TWO[at] = 0;
for (const at of [0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0xa6, 0xa7])
  TWO[at] = BAD;
set(TWO, 0x30, 0x35, 0);
TWO[0x37] = 0;
set(TWO, 0x70, 0x73, M | IMM8);
set(TWO, 0x80, 0x8f, IMMZ);
for (const at of [0x0f, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6]) TWO[at] = M | IMM8;
set(TWO, 0xc8, 0xcf, 0);

/** How many bytes follow a ModRM byte in 64-bit mode, by its value; a base of 5 in a SIB byte may add four. */
const AFTER_MODRM = Uint8Array.from({ length: 256 }, (_, modrm) => {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  if (mod === 3) return 0;
  const sib = rm === 4 ? 1 : 0;
  if (mod === 0) return sib + (rm === 5 ? 4 : 0);
  return sib + (mod === 1 ? 1 : 4);
});

const PLAIN = 128;
/** By opcode: whether the short way below decodes it, and its shape. */
const SHORT = Uint8Array.from({ length: 256 }, (_, op) => {
  const shape = ONE[op] ?? 0;
  const odd = shape & (BAD | PREFIX | GROUP3 | IMM16) || (op & 0xf0) === 0x40 || (op & 0xf8) === 0xb8;
  const longer = op === 0x0f || op === 0xc4 || op === 0xc5 || op === 0x62 || (op & 0xfc) === 0xa0;
  return odd || longer ? 0 : PLAIN | shape;
});

/**
 * What was decoded, in one number, as this runs for millions of instructions: its length (0 when it is none that the tables know);
 * where a 4-byte field relative to the instruction's end stands, counted from its start (0: none); where a 4-byte displacement and
 * an immediate stand that may hold an address where code is not position independent (0: none); whether it is a `lea` of an address
 * relative to the instruction pointer.
 */
export type Instruction = number;
export const lengthOf = (found: Instruction): number => found & 15;
export const relativeOf = (found: Instruction): number => (found >>> 4) & 15;
export const plainOf = (found: Instruction): number => (found >>> 8) & 15;
export const secondPlainOf = (found: Instruction): number => (found >>> 12) & 15;
export const isLea = (found: Instruction): boolean => found >= LEA;
const LEA = 1 << 16;

/** Decodes the instruction at `at`; `wide`: 64-bit mode. Never reads an answer out of bytes past `end`. */
export function decodeInstruction(b: Uint8Array, at: number, end: number, wide: boolean): Instruction {
  // 15 bytes and more are there for the short way to read.
  if (!wide || at + 16 > end) return decodeAny(b, at, end, wide);
  let i = at + 1;
  let op = b[at] ?? 0;
  if ((op & 0xf0) === 0x40) op = b[i++] ?? 0;
  const shape = SHORT[op] ?? 0;
  if (shape === 0) return decodeAny(b, at, end, wide);
  let relative = 0;
  if (shape & M) {
    const modrm = b[i++] ?? 0;
    if ((modrm & 0xc7) === 5) relative = i - at;
    else if ((modrm & 0xc7) === 4 && ((b[i] ?? 0) & 7) === 5) i += 4;
    i += AFTER_MODRM[modrm] ?? 0;
  }
  let plain = 0;
  if (shape & IMMZ) {
    if (op === 0xe8 || op === 0xe9) relative = i - at;
    else plain = i - at;
    i += 4;
  }
  if (shape & IMM8) i++;
  const length = i - at;
  if (relative === 0) return length | (plain << 8);
  return length | (relative << 4) | (op === 0x8d ? LEA : 0);
}

function decodeAny(b: Uint8Array, at: number, end: number, wide: boolean): Instruction {
  let i = at;
  let operand16 = false;
  let address16 = false;
  let rexW = false;
  let op = b[i++] ?? 0;
  while ((ONE[op] ?? 0) & PREFIX) {
    if (op === 0x66) operand16 = true;
    else if (op === 0x67) address16 = true;
    if (i - at > 13) return 0;
    op = b[i++] ?? 0;
  }
  if (wide && (op & 0xf0) === 0x40) {
    rexW = (op & 8) !== 0;
    op = b[i++] ?? 0;
  }
  let shape = ONE[op] ?? 0;
  let branch = false;
  const vector = op === 0xc4 || op === 0xc5 || op === 0x62;
  if (vector && (wide || (b[i] ?? 0) >= 0xc0)) {
    let map = 1;
    if (op === 0xc4) {
      map = (b[i] ?? 0) & 0x1f;
      i += 2;
    } else if (op === 0xc5) {
      i += 1;
    } else {
      map = (b[i] ?? 0) & 7;
      i += 3;
    }
    const inner = b[i++] ?? 0;
    if (map === 1) shape = inner === 0x77 ? 0 : M | ((TWO[inner] ?? 0) & IMM8);
    else if (map === 3) shape = M | IMM8;
    else if (map === 2 || map === 5 || map === 6) shape = M;
    else return 0;
  } else if (op === 0x0f) {
    op = b[i++] ?? 0;
    if (op === 0x38) {
      i++;
      shape = M;
    } else if (op === 0x3a) {
      i++;
      shape = M | IMM8;
    } else {
      shape = TWO[op] ?? 0;
      branch = (op & 0xf0) === 0x80;
    }
    op = -1;
  } else if (!wide) {
    if (shape === BAD && op < 0x62) shape = 0;
    else if (op === 0x82) shape = M | IMM8;
    else if ((op & 0xfc) === 0xa0) shape = 0;
    else if (op === 0xd4 || op === 0xd5) shape = IMM8;
    else if (vector) shape = M;
  } else if (op === 0x62) {
    return 0;
  }
  if (shape & BAD) return 0;
  if (op === 0xe8 || op === 0xe9) branch = true;
  let displacement = -1;
  let relativeDisplacement = false;
  if (shape & M) {
    const modrm = b[i++] ?? 0;
    const mod = modrm >> 6;
    const rm = modrm & 7;
    if (mod !== 3) {
      if (address16 && !wide) {
        if (mod === 1) i += 1;
        else if (mod === 2 || rm === 6) i += 2;
      } else {
        let base = rm;
        if (rm === 4) base = (b[i++] ?? 0) & 7;
        if (mod === 1) i += 1;
        else if (mod === 2) {
          displacement = i;
          i += 4;
        } else if (base === 5) {
          displacement = i;
          relativeDisplacement = wide && rm === 5;
          i += 4;
        }
      }
    }
    if (shape & GROUP3 && ((modrm >> 3) & 7) > 1) shape = M;
  }
  let immediate = -1;
  if (wide && (op & 0xfc) === 0xa0) i += address16 ? 4 : 8;
  else if (!wide && (op & 0xfc) === 0xa0) {
    immediate = i;
    i += 4;
  } else if (shape & IMMZ) {
    if (rexW && (op & 0xf8) === 0xb8) i += 8;
    else if (operand16 && !branch) i += 2;
    else {
      immediate = i;
      i += 4;
    }
  }
  if (shape & IMM16) i += 2;
  if (shape & IMM8) i += 1;
  const length = i - at;
  if (i > end || length > 15) return 0;
  const place = (field: number): number => (field < 0 ? 0 : field - at);
  if (branch) return length | (place(immediate) << 4);
  if (relativeDisplacement) return length | (place(displacement) << 4) | (op === 0x8d ? LEA : 0);
  if (!wide) return length | (place(displacement) << 8) | (place(immediate) << 12);
  return length | (place(immediate) << 8);
}
