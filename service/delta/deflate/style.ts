/** How a program chooses its tokens. The numbers are those of gzip's and zlib's tables of levels, which are the same. */
export interface Level {
  /** Takes the first match; else looks whether the next byte starts a longer one. */
  readonly lazy: boolean;
  /** A match this long is looked for less further on. */
  readonly good: number;
  /** A match this long is taken without looking further; of levels that are not lazy: longer ones enter no strings. */
  readonly enough: number;
  /** A match this long ends the search. */
  readonly nice: number;
  /** So many earlier places are compared at most. */
  readonly chain: number;
}

const LEVELS: readonly Level[] = [
  { lazy: false, good: 4, enough: 4, nice: 8, chain: 4 },
  { lazy: false, good: 4, enough: 5, nice: 16, chain: 8 },
  { lazy: false, good: 4, enough: 6, nice: 32, chain: 32 },
  { lazy: true, good: 4, enough: 4, nice: 16, chain: 16 },
  { lazy: true, good: 8, enough: 16, nice: 32, chain: 32 },
  { lazy: true, good: 8, enough: 16, nice: 128, chain: 128 },
  { lazy: true, good: 8, enough: 32, nice: 128, chain: 256 },
  { lazy: true, good: 32, enough: 128, nice: 258, chain: 1024 },
  { lazy: true, good: 32, enough: 258, nice: 258, chain: 4096 },
];

/** A program and its level, as one number below 64. */
export type StyleNumber = number;

export interface Style extends Level {
  /** GNU gzip differs from zlib at the ends of blocks and of the file. */
  readonly gzip: boolean;
  /** Bits of the hash of three bytes, and how far each byte shifts it. */
  readonly hashBits: number;
  readonly hashShift: number;
  /** A block ends with so many tokens. */
  readonly blockTokens: number;
  /** Looks now and then whether the block had better end. */
  readonly cuts: boolean;
}

const PROGRAMS = [
  { gzip: true, hashBits: 15, hashShift: 5, blockTokens: 0x7fff },
  /** zlib with its usual memory level, 8, and with 9. */
  { gzip: false, hashBits: 15, hashShift: 5, blockTokens: 0x3fff },
  { gzip: false, hashBits: 16, hashShift: 6, blockTokens: 0x7fff },
] as const;

/** Those that are likely first: Debian packs with `gzip -9`, most else uses zlib's level 6. */
export const STYLES: readonly StyleNumber[] = [9, 6, 8, 7, 5, 4, 3, 2, 1].flatMap((level) =>
  PROGRAMS.map((_, program) => program * 16 + level),
);

export function styleOf(number: StyleNumber): Style | undefined {
  const program = PROGRAMS[number >> 4];
  const level = LEVELS[(number & 15) - 1];
  return program && level && { ...level, ...program, cuts: program.gzip && (number & 15) > 2 };
}
