/** Repeatable randomness, so that a failing case can be run again from the seed in its message. */
export interface Random {
  /** 0 … below - 1. */
  integer(below: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  bytes(length: number): Buffer;
}

/** Mulberry32, a 32-bit generator that is good enough to pick test cases. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    integer,
    pick: (from) => from[integer(from.length)] ?? from[0],
    bytes: (length) => Buffer.from(Array.from({ length }, () => integer(256))),
  };
}
