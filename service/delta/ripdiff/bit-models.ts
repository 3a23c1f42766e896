import type { BitCoder } from './range-coder.ts';

/** An even chance. Slots are kept XORed with it, so that fresh zero memory, which costs nothing until it is touched, is a fresh model. */
export const EVEN = 0x80000000 | 0;

const NONE = new Int32Array(0);

/** How far one step moves, by how often a slot was used: fast at first (1/1.5, 1/2.5 …), then steady. */
const STEP = new Int32Array(1024);
for (let i = 0; i < 1024; i++) STEP[i] = Math.floor(16384 / (2 * i + 3));

/** What `slot` (not XORed) becomes once its bit turned out to be `bit`. */
export function learned(slot: number, bit: number, limit: number): number {
  const uses = slot & 1023;
  const moved = Math.imul(((-bit & 0x3fffff) - (slot >>> 10)) >> 3, STEP[uses] ?? 0) & ~1023;
  return (slot + moved + (uses < limit ? 1 : 0)) | 0;
}

/**
 * A row of adaptive bits. A slot is 22 bits of probability (that the bit is 1) over a 10-bit use count, so that a young slot learns
 * fast and an old one is steady. `limit` (up to 1023) caps the count: the lower, the faster it forgets.
 */
export class BitModels {
  /** Empty until the first bit is learned: many files never come to most of their models. */
  private slots = NONE;
  private readonly count: number;
  private readonly limit: number;

  constructor(count: number, limit: number) {
    this.count = count;
    this.limit = limit;
  }

  code(coder: BitCoder, index: number, bit: number): number {
    const slot = (this.slots[index] ?? 0) ^ EVEN;
    const p = slot >>> 16;
    const result = coder.code(p < 1 ? 1 : p, bit);
    this.learn(index, slot, result);
    return result;
  }

  /** Probability in 1/4096, for mixing. */
  peek(index: number): number {
    return ((this.slots[index] ?? 0) ^ EVEN) >>> 20;
  }

  update(index: number, bit: number): void {
    this.learn(index, (this.slots[index] ?? 0) ^ EVEN, bit);
  }

  private learn(index: number, slot: number, bit: number): void {
    if (this.slots === NONE) this.slots = new Int32Array(this.count);
    this.slots[index] = learned(slot, bit, this.limit) ^ EVEN;
  }

  /** `width` bits, most significant first, each in the context of those before; uses 2^width slots from `base`. */
  codeTree(coder: BitCoder, base: number, width: number, value: number): number {
    let node = 1;
    for (let shift = width - 1; shift >= 0; shift--)
      node = node * 2 + this.code(coder, base + node, (value >>> shift) & 1);
    return node - (1 << width);
  }
}
