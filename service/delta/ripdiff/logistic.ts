// Logistic mixing in integers (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005).

/** 65536 / (1 + e^(-x/256)) for x from -2047 to 2047, made with whole numbers only so that every machine has the same table. */
const SQUASH = new Uint16Array(4096);
/** Inverse: ln(p / (1 - p)) * 256 for p in 1/4096. */
const STRETCH = new Int16Array(4096);

function fill(): void {
  const one = 1n << 60n;
  // e^(-1/256) = 1 - 1/256 + 1/(2·256²) - …
  let step = 0n;
  let term = one;
  for (let n = 1n; n < 12n; n++) {
    step += term;
    term = -term / (256n * n);
  }
  let power = one;
  for (let x = 0; x < 2048; x++) {
    const p = Number((one << 16n) / (one + power));
    SQUASH[2048 + x] = Math.min(p, 65535);
    SQUASH[2048 - x] = Math.max(65536 - p, 1);
    power = (power * step) / one;
  }
  SQUASH[0] = SQUASH[1] ?? 1;
  let x = -2047;
  for (let p = 0; p < 4096; p++) {
    while (x < 2047 && (SQUASH[2048 + x] ?? 0) < p * 16 + 8) x++;
    STRETCH[p] = x;
  }
}
fill();

/** `x` in 1/256, any number; answer in 1/65536, from 1 to 65535. */
export function squash(x: number): number {
  return SQUASH[x > 2047 ? 4095 : x < -2047 ? 1 : x + 2048] ?? 32768;
}

/** `p` in 1/4096. */
export function stretch(p: number): number {
  return STRETCH[p] ?? 0;
}

/** Rates above this would leave 32 bits. */
const MAX_RATE = 16;
/** Weights stay within ±2^19, so that their product with a stretched probability has 32 bits. */
const MAX_WEIGHT = 524_287;

/** What `weight` becomes after an error of its mix (difference of probabilities in 1/65536, times the rate), in whole numbers. */
export function trained(weight: number, stretched: number, error: number): number {
  const moved = weight + ((Math.imul(stretched, error) + 32768) >> 16);
  return moved > MAX_WEIGHT ? MAX_WEIGHT : moved < -MAX_WEIGHT - 1 ? -MAX_WEIGHT - 1 : moved;
}

/** Weighs `inputs` predictions; one set of weights for each of `contexts`. */
export class Mixer {
  private readonly weights: Int32Array;
  private readonly stretched: Int32Array;
  private readonly inputs: number;
  private readonly rate: number;
  private base = 0;
  private mixed = 32768;

  constructor(inputs: number, contexts: number, rate: number, firstWeight = Math.floor(65536 / inputs) + 8192) {
    if (rate > MAX_RATE) throw new RangeError(`a rate of ${rate} is too much`);
    this.inputs = inputs;
    this.rate = rate;
    this.weights = new Int32Array(inputs * contexts).fill(firstWeight);
    this.stretched = new Int32Array(inputs);
  }

  /** `p` in 1/4096. */
  put(input: number, p: number): void {
    this.stretched[input] = STRETCH[p] ?? 0;
  }

  /** Probability of a 1 in 1/65536. */
  mix(context: number): number {
    const { weights, stretched, inputs } = this;
    const base = context * inputs;
    this.base = base;
    // The sum has more than 32 bits: its halves are kept apart.
    let high = 0;
    let low = 0;
    for (let i = 0; i < inputs; i++) {
      const product = Math.imul(weights[base + i] ?? 0, stretched[i] ?? 0);
      high += product >> 16;
      low += product & 65535;
    }
    this.mixed = squash(high + (low >> 16));
    return this.mixed;
  }

  learn(bit: number): void {
    const { weights, stretched, inputs, base } = this;
    const error = ((bit !== 0 ? 65535 : 0) - this.mixed) * this.rate;
    for (let i = 0; i < inputs; i++) weights[base + i] = trained(weights[base + i] ?? 0, stretched[i] ?? 0, error);
  }
}
