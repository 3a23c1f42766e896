/**
 * The bzip2 format has no standard; numbers here are those that bzip2 1.0.8 writes and takes. A stream is `BZh` and the
 * block size in 100,000 bytes as a digit; blocks; an end with a checksum over the blocks' checksums. All is bits, the
 * highest first.
 */
export const BLOCK_UNIT_BYTES = 100_000;
export const MAX_BLOCK_UNITS = 9;
/** The decimals of pi, in two halves of 24 bits. */
export const BLOCK_MAGIC = [0x314159, 0x265359] as const;
/** The decimals of its square root. */
export const END_MAGIC = [0x177245, 0x385090] as const;

/** Bytes of the block, as ranks of a list that moves what was used to its front; runs of rank 0 are numbers in base 2. */
export const RUN_A = 0;
export const RUN_B = 1;
/** Ranks, shifted by one; two runs; the end. */
export const MAX_SYMBOLS = 258;
export const MIN_TABLES = 2;
export const MAX_TABLES = 6;
/** Each table serves this many symbols, then a selector tells the next table. */
export const GROUP_SYMBOLS = 50;
export const MAX_SELECTORS = 2 + (MAX_BLOCK_UNITS * BLOCK_UNIT_BYTES) / GROUP_SYMBOLS;
export const MAX_CODE_BITS = 20;
/** After four equal bytes a fifth tells how many more follow. */
export const RUN_START = 4;
